// Command netgpusim simulates the netgpu architecture: it predicts what an iperf3
// run between a NIC and a GPU would measure, and says what limits it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"netgpusim/predict"
)

// Exit codes, as docs/contract.md promises them.
const (
	exitOK          = 0
	exitFailed      = 1 // an expectation does not hold
	exitUsage       = 2 // wrong usage or a wrong scenario
	exitInternal    = 3
	exitInterrupted = 130
)

// errExpectation is returned by a command that did its work but whose
// expectations do not hold; the output has said which.
var errExpectation = errors.New("expectation failed")

// internalError is a failure that no input should be able to cause.
type internalError struct{ error }

// console is everything a command touches of the outside world, so that whole
// command lines run inside tests.
type console struct {
	in       io.Reader
	out, err io.Writer
	outTTY   bool
	errTTY   bool
	width    int // columns of the terminal; 0 if there is none
	env      func(string) string
}

func main() {
	c := &console{in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.Getenv,
		outTTY: term.IsTerminal(int(os.Stdout.Fd())), errTTY: term.IsTerminal(int(os.Stderr.Fd()))}
	if c.outTTY {
		if w, _, err := term.GetSize(int(os.Stdout.Fd())); err == nil {
			c.width = w
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(c.main(ctx, os.Args[1:]))
}

// main runs one command line and returns the exit status.
func (c *console) main(ctx context.Context, args []string) (status int) {
	defer func() {
		if p := recover(); p != nil {
			c.internal(p, debug.Stack())
			status = exitInternal
		}
	}()
	root := c.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var fault *predict.InternalError
	switch internal := (internalError{}); {
	case err == nil:
		return exitOK
	case errors.Is(err, errExpectation):
		return exitFailed
	case errors.Is(err, predict.ErrInterrupted):
		fmt.Fprintln(c.err, "netgpusim: interrupted")
		return exitInterrupted
	case errors.As(err, &fault):
		c.internal(fault.What, fault.Stack)
		return exitInternal
	case errors.As(err, &internal):
		fmt.Fprintf(c.err, "netgpusim: internal error: %v\n", internal.error)
		return exitInternal
	}
	fmt.Fprintf(c.err, "netgpusim: %v\n", err)
	return exitUsage
}

// internal tells of a panic.
func (c *console) internal(what any, stack []byte) {
	fmt.Fprintf(c.err, "netgpusim: internal error: %v\nThis is a mistake in netgpusim, not in your input. Please report it with the scenario and the lines below.\n%s", what, stack)
}

func (c *console) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "netgpusim",
		Short: "Simulate DMA zero-copy between a NIC and a GPU (the netgpu RFC)",
		Long: `netgpusim simulates the netgpu architecture: TCP payload moves by DMA between a
NIC and a GPU while the host CPU runs the protocol (Linux RFC, July 2020; an
ancestor of devmem TCP and io_uring zero-copy receive).

Describe two hosts and the link in a YAML scenario, or start from a built-in one;
netgpusim predicts what iperf3 would measure, and says what limits it.`,
		Example: `  netgpusim run rfc-v2-gpu-rx                     predict an RFC result
  netgpusim run rfc-v2-gpu-rx --what-if --set link.rate=100Gbps
                                                  ... on a faster link
  netgpusim run mine.yaml --format json           for scripts
  netgpusim scenario list                         what is built in
  netgpusim scenario new mine > mine.yaml         a file to start from`,
		Version:       predict.Version,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(c.in)
	root.SetOut(c.out)
	root.SetErr(c.err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w (see '%s --help')", err, cmd.CommandPath())
	})
	root.AddCommand(c.runCommand(), c.checkCommand(), c.packetdrillCommand(), c.scenarioCommand())
	return root
}
