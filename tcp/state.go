package tcp

// State is where a connection stands (RFC 9293 section 3.3.2).
type State uint8

// The states. A connection in LISTEN is not an Endpoint: Accept makes one of each SYN.
const (
	Closed State = iota
	Listen
	SynSent
	SynReceived
	Established
	FinWait1
	FinWait2
	CloseWait
	Closing
	LastAck
	TimeWait
	numStates
)

var stateNames = [numStates]string{"CLOSED", "LISTEN", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED",
	"FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT"}

func (s State) String() string {
	if s < numStates {
		return stateNames[s]
	}
	return "unknown state"
}

// kernelStates are the numbers that Linux's enum gives the states (include/net/tcp_states.h).
var kernelStates = [numStates]uint8{7, 10, 2, 3, 1, 4, 5, 8, 11, 9, 6}

// Kernel is the state's number in Linux, as tcpi_state has it.
func (s State) Kernel() uint8 { return kernelStates[s] }

// synchronized says whether both sides know each other's sequence numbers (RFC 9293
// section 3.3.2).
func (s State) synchronized() bool { return s >= Established }

// mayReceive says whether new data from the peer still have a reader.
func (s State) mayReceive() bool { return s == Established || s == FinWait1 || s == FinWait2 }

// State is where the connection stands.
func (e *Endpoint) State() State { return e.state }
