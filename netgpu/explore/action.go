package explore

import "netgpusim/netgpu/explore/search"

// The actions: each is one step of one actor, atomic against all others. What an
// actor does next is mostly given by where it stands, so that few are enabled at a
// time.
const (
	nicReceive          search.Action = iota // a packet that fills its WQE
	nicReceiveShort                          // one that uses the first page only
	nicReceiveControl                        // one without payload
	nicReceiveDuplicate                      // data that TCP has already
	nicReceiveLinear                         // payload in the header buffer

	irqPollCQ   // take a completion
	irqInput    // the packet enters the socket's receive queue
	irqDrop     // TCP drops a fragment
	irqRefuse   // payload in the header buffer
	irqDeliver  // post a fragment to the rx ring
	irqSubmit   // publish what has been posted
	irqRearm    // look for room again after having stopped
	irqRefill   // may a bulk be started?
	irqGet      // take a page for it
	irqGiveBack // put the pages of a failed bulk back
	irqComplete // publish what has been taken from the fill ring
	irqPost     // ring the doorbell

	appPoll       // poll, and take a batch if there is one
	appDeliver    // a poll that resumes delivery: post a fragment
	appKickSubmit //
	appKickRearm  //
	appTake       // read an iovec of the batch
	appRecycle    // put the buffer into the fill ring
	appSubmit     // publish it
	appGive       // put a free buffer into the fill ring and publish it
	appCompletion // take a completion of an echo

	sendWrite      // change the buffer
	sendSend       // sendmsg
	sendCompletion // wait for its completion
	sendOverdraw   // sendmsg past the end of the region
	tcpAck         // the oldest fragment in flight is acknowledged

	procReset    // end the connection: the receive queue is to be freed
	procFree     // free one of its fragments
	procDestruct // the socket goes

	appCloseSocket
	appCloseQueue
	appCloseContext
	appCloseMemory

	gpuRevoke // cudaFree
	gpuAgain  // ... once more, since somebody held pages
	gpuFlush  // the driver flushes the receive queue for it
	gpuReset  // the connections that hold pages are ended for it

	hostileFillBad  // an address that is none
	hostileFillPage // an address whose page the application does not have: of the first page in some place
	hostileFillOther
	hostileFillProdAhead
	hostileFillProdBack
	hostileFillCons
	hostileRxCons
	hostileRxProd
	hostileRxSlot

	neighbourCycle // the neighbour moves a page all the way round

	otherGive   // the page goes into the other context's fill ring, too
	otherRefill // the other queue takes and posts a page
	otherReturn // and puts it back

	failAllocation // the next chunk cannot be allocated

	actionCount
)

// actionNames are what files and tables call the actions: actor, operation.
var actionNames = [actionCount][2]string{
	nicReceive:           {"nic", "receive"},
	nicReceiveShort:      {"nic", "receive-short"},
	nicReceiveControl:    {"nic", "receive-control"},
	nicReceiveDuplicate:  {"nic", "receive-duplicate"},
	nicReceiveLinear:     {"nic", "receive-linear"},
	irqPollCQ:            {"softirq", "poll-cq"},
	irqInput:             {"softirq", "tcp-input"},
	irqDrop:              {"softirq", "tcp-drop"},
	irqRefuse:            {"softirq", "refuse-linear"},
	irqDeliver:           {"softirq", "deliver"},
	irqSubmit:            {"softirq", "submit-rx"},
	irqRearm:             {"softirq", "rearm"},
	irqRefill:            {"softirq", "can-refill"},
	irqGet:               {"softirq", "get-page"},
	irqGiveBack:          {"softirq", "give-back"},
	irqComplete:          {"softirq", "complete-fill"},
	irqPost:              {"softirq", "post"},
	appPoll:              {"app", "poll"},
	appDeliver:           {"app", "kick-deliver"},
	appKickSubmit:        {"app", "kick-submit"},
	appKickRearm:         {"app", "kick-rearm"},
	appTake:              {"app", "take"},
	appRecycle:           {"app", "recycle"},
	appSubmit:            {"app", "submit-fill"},
	appGive:              {"app", "give"},
	appCompletion:        {"app", "echo-completed"},
	sendWrite:            {"sender", "write"},
	sendSend:             {"sender", "sendmsg"},
	sendCompletion:       {"sender", "completed"},
	sendOverdraw:         {"sender", "sendmsg-past-end"},
	tcpAck:               {"tcp", "acknowledged"},
	procReset:            {"process", "reset"},
	procFree:             {"process", "free"},
	procDestruct:         {"process", "destruct"},
	appCloseSocket:       {"app", "close-socket"},
	appCloseQueue:        {"app", "close-queue"},
	appCloseContext:      {"app", "close-context"},
	appCloseMemory:       {"app", "close-memory"},
	gpuRevoke:            {"gpu-driver", "revoke"},
	gpuAgain:             {"gpu-driver", "revoke-again"},
	gpuFlush:             {"gpu-driver", "flush-queue"},
	gpuReset:             {"gpu-driver", "end-connection"},
	hostileFillBad:       {"hostile", "fill-bad-address"},
	hostileFillPage:      {"hostile", "fill-foreign-page"},
	hostileFillOther:     {"hostile", "fill-neighbours-page"},
	hostileFillProdAhead: {"hostile", "fill-prod-ahead"},
	hostileFillProdBack:  {"hostile", "fill-prod-back"},
	hostileFillCons:      {"hostile", "fill-cons"},
	hostileRxCons:        {"hostile", "rx-cons"},
	hostileRxProd:        {"hostile", "rx-prod"},
	hostileRxSlot:        {"hostile", "rx-slot"},
	neighbourCycle:       {"neighbour", "round-trip"},
	otherGive:            {"app", "give-to-other-context"},
	otherRefill:          {"softirq-2", "refill"},
	otherReturn:          {"softirq-2", "give-back"},
	failAllocation:       {"kernel", "no-memory-for-chunk"},
}

// environment says which actions come from outside: nobody can rely on them to
// resume what is stuck.
func environment(a search.Action) bool {
	switch {
	case a <= nicReceiveLinear, a == sendWrite, a == sendOverdraw, a == procReset, a >= appCloseSocket && a <= gpuRevoke:
		return true
	}
	return a >= hostileFillBad
}
