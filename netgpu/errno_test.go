package netgpu

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// outcome is an answer of an operation.
type outcome struct {
	operation string
	errno     Errno
}

// promised is the table of operation and errno: what each operation may answer
// beside OK, and nothing else. The tests below hold it against the descriptions in
// the source, the conversations, and a million calls of an attacker. A new operation
// that returns an Errno needs a line here, a command of the conversations, and a case
// in them for each errno.
var promised = map[string][]Errno{
	// The machine.
	"AddDevice":  {EINVAL, EEXIST},
	"LoadPlugin": {ENXIO},
	"SetXSK":     {EINVAL},
	"MapHost":    {EINVAL, EEXIST},
	"CudaMalloc": {EINVAL, EEXIST},
	"CudaFree":   {EINVAL, EAGAIN},

	// System calls.
	"OpenContext":      {ENOMEM, EMFILE},
	"OpenMemory":       {ENOMEM, EMFILE, ENOENT},
	"Socket":           {EMFILE},
	"Pass":             {EBADF, EMFILE},
	"Close":            {EBADF},
	"AttachDev":        {ENODEV, EALREADY, EBUSY, EBADF, ENOTTY},
	"AddRegion":        {ENXIO, ENOMEM, EFAULT, EEXIST, EINVAL, EBADF, ENOTTY},
	"AttachRegion":     {ENODEV, EBADF, EOPNOTSUPP, ENOENT, EEXIST, ENOMEM, ENXIO, EINVAL, ENOTTY},
	"AddContextRegion": {ENOTTY, ENODEV, ENXIO, ENOMEM, EFAULT, EEXIST, EINVAL, EBADF},
	"BindQueue":        {ENODEV, EINVAL, EALREADY, EOVERFLOW, ENOMEM, EBUSY, EMFILE, EBADF, ENOTTY},
	"SetZeroCopy":      {EBADF, EOPNOTSUPP},
	"AttachQueues":     {EALREADY, EINVAL, EOVERFLOW, ENOMEM, EOPNOTSUPP, EPROTO, EBADF, EBUSY, ENOTTY},
	"Mmap":             {EINVAL, ENODEV, EBADF},
	"Poll":             {EBADF},

	// Inside the kernel.
	"RingEntries":   {EINVAL, EOVERFLOW},
	"GetPage":       {ENOMEM, EINVAL, EFAULT, ENODEV},
	"StartSend":     {EAGAIN},
	"AttachPages":   {EFAULT, EMSGSIZE, EOPNOTSUPP},
	"DeliverLinear": {EFAULT},
	"RecvFragment":  {EFAULT},
}

// onlyMentioned are errnos that a description names without promising them.
var onlyMentioned = map[string][]Errno{
	"AttachPages": {EINVAL}, // what the look-up says, turned into EFAULT
}

// operationOf says which operation a command of the conversations is.
var operationOf = map[string]string{
	"device": "AddDevice", "plugin": "LoadPlugin", "xsk": "SetXSK",
	"map-host": "MapHost", "cuda-malloc": "CudaMalloc", "cuda-free": "CudaFree",
	"open-ctx": "OpenContext", "open-mem": "OpenMemory", "socket": "Socket", "pass": "Pass", "close": "Close",
	"attach-dev": "AttachDev", "add-region": "AddRegion", "attach-region": "AttachRegion",
	"add-context-region": "AddContextRegion", "bind": "BindQueue", "zerocopy": "SetZeroCopy",
	"attach-queues": "AttachQueues", "mmap": "Mmap", "poll": "Poll",
	"ring-entries": "RingEntries", "get": "GetPage", "start-send": "StartSend", "send": "AttachPages",
	"deliver-linear": "DeliverLinear", "recv": "RecvFragment",
}

// errnoByName finds an errno by its symbolic name.
func errnoByName(name string) (Errno, bool) {
	i := slices.Index(errnoNames[:], name)
	return Errno(max(i, 0)), i >= 0
}

// observe notes what an operation has answered in a conversation: the errno in its
// answer, or that there was none.
func (w *world) observe(a *arguments, answer string) {
	operation := operationOf[a.text(0)]
	errno := OK
	for _, word := range strings.Fields(answer) {
		if e, ok := errnoByName(word); ok && e != OK {
			errno = e
		}
	}
	if operation != "" {
		w.observed[outcome{operation, errno}] = true
	} else if errno != OK {
		a.t.Errorf("%q answers %v, but operationOf does not say what operation it is", a.line, errno)
	}
}

// described are the errnos that the descriptions of the exported operations name.
func described(t *testing.T) map[string][]Errno {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	docs := map[string]string{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.IsExported() && returnsErrno(fn) {
				docs[fn.Name.Name] += fn.Doc.Text()
			}
		}
	}
	name, as := regexp.MustCompile(`\bE[A-Z]+\b`), regexp.MustCompile(`Errors as (\w+)`)
	found := map[string][]Errno{}
	for operation, doc := range docs {
		for _, other := range as.FindAllStringSubmatch(doc, -1) {
			doc += docs[other[1]]
		}
		found[operation] = nil
		for _, word := range name.FindAllString(doc, -1) {
			if e, ok := errnoByName(word); ok && !slices.Contains(found[operation], e) {
				found[operation] = append(found[operation], e)
			}
		}
	}
	return found
}

func returnsErrno(fn *ast.FuncDecl) bool {
	if fn.Type.Results == nil {
		return false
	}
	return slices.ContainsFunc(fn.Type.Results.List, func(r *ast.Field) bool {
		id, ok := r.Type.(*ast.Ident)
		return ok && id.Name == "Errno"
	})
}

func TestTheErrorsOfEveryOperationAreThoseOfItsDescription(t *testing.T) {
	found := described(t)
	for operation := range found {
		if _, ok := promised[operation]; !ok {
			t.Errorf("%s returns an Errno and is not in the table", operation)
		}
	}
	for operation, errnos := range promised {
		in, ok := found[operation]
		if !ok {
			t.Errorf("%s is in the table, but there is no such operation", operation)
		}
		for _, e := range errnos {
			if !slices.Contains(in, e) {
				t.Errorf("%s promises %v, but its description does not say so", operation, e)
			}
		}
		for _, e := range in {
			if !slices.Contains(errnos, e) && !slices.Contains(onlyMentioned[operation], e) {
				t.Errorf("the description of %s names %v, which the table lacks", operation, e)
			}
		}
	}
}

// conversed is every outcome of every conversation, with a file that has it.
func conversed(t *testing.T) map[outcome]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[outcome]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, observed := converse(t, string(text))
		for o := range observed {
			seen[o] = file
		}
	}
	return seen
}

func TestEveryErrorOfEveryOperationHasACase(t *testing.T) {
	seen := conversed(t)
	produced := map[Errno]bool{}
	for operation, errnos := range promised {
		for _, e := range append([]Errno{OK}, errnos...) {
			// An skb with payload in its linear part never goes well.
			if seen[outcome{operation, e}] == "" && !(operation == "DeliverLinear" && e == OK) {
				t.Errorf("no conversation in testdata has %s answer %v", operation, e)
			}
		}
	}
	for o, file := range seen {
		produced[o.errno] = true
		if o.errno != OK && !slices.Contains(promised[o.operation], o.errno) {
			t.Errorf("%s: %s answers %v, which it does not promise", file, o.operation, o.errno)
		}
	}
	for e := range Errno(len(errnoNames)) {
		if !produced[e] {
			t.Errorf("nothing answers %v", e)
		}
	}
}

func TestEveryOperationIsACommandOfTheConversations(t *testing.T) {
	commands := map[string]bool{}
	for _, operation := range operationOf {
		commands[operation] = true
	}
	for _, operation := range slices.Sorted(maps.Keys(promised)) {
		if !commands[operation] {
			t.Errorf("no command carries out %s", operation)
		}
	}
}
