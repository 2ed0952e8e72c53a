package scenarios

import (
	"fmt"
	"slices"

	"netgpusim/host"
	"netgpusim/pcie"
	"netgpusim/sim"
)

// Facts of other specifications that decide whether settings fit together.
const (
	ipv6MinMTU      = 1280 // RFC 8200 section 5
	wqeEntriesMax   = 4    // MLX5E_MAX_RX_FRAGS, Linux 5.8 mlx5 en.h
	wqeL2Slack      = 22   // the receive WQE covers MTU + Ethernet 14 + VLAN 4 + FCS 4 (mlx5 en.h, MLX5E_HW2SW_MTU)
	pageBytes       = 4096 // host page, and the unit of netgpu buffers (patch 10)
	ethernetBytes   = 14
	vlanBytes       = 4
	ipv4Bytes       = 20
	ipv6Bytes       = 40
	tcpBytes        = 20
	timestampBytes  = 12 // RFC 7323 appendix A: two NOPs and the option
	creditUnitBytes = 16 // PCIe base specification 2.6.1: one data credit
)

// connectionsMax bounds the connections of a scenario: more than any testbed of this
// kind runs, few enough for the memory of a small machine.
const connectionsMax = 1024

// hostUse is how the flows use one host.
type hostUse struct {
	name               string
	spec               *host.Spec
	netgpuRx, netgpuTx bool
	netgpuTaken        bool // an application there takes payload from an rx ring
	netgpuSockets      int
}

// uses tells how the flows use both hosts. Data goes from the sender to the
// receiver, with reverse the other way.
func (r *resolver) uses() [2]hostUse {
	u := [2]hostUse{{name: hostNames[0], spec: &r.s.Sender}, {name: hostNames[1], spec: &r.s.Receiver}}
	for _, f := range r.s.Flows {
		from, to := ends(&u, &f)
		if f.Tx == "netgpu" {
			from.netgpuTx = true
			from.netgpuRx = from.netgpuRx || f.Symmetric
			from.netgpuSockets += f.Count
		}
		if f.Rx == "netgpu" {
			to.netgpuRx, to.netgpuTaken = true, true
			to.netgpuSockets += f.Count
		}
	}
	return u
}

// ends returns the host that sends a flow's data and the one that receives it.
func ends(u *[2]hostUse, f *host.FlowSpec) (from, to *hostUse) {
	if f.Reverse {
		return &u[1], &u[0]
	}
	return &u[0], &u[1]
}

// where returns the origin of the first of paths that is set explicitly. Without any,
// the file that was asked for answers.
func (r *resolver) where(paths ...string) origin {
	for _, p := range paths {
		if s, ok := r.settings[p]; ok {
			return s.origin
		}
	}
	return origin{r.file, 1, 1}
}

// refuse records a problem with a host's setting. If that is not set explicitly, the
// first of the keys in others that is says where to look.
func (r *resolver) refuse(u *hostUse, key string, p problem, others ...string) {
	path := key
	if _, own := r.settings[u.name+"."+key]; own {
		path = u.name + "." + key
	}
	var paths []string
	for _, k := range append([]string{key}, others...) {
		paths = append(paths, u.name+"."+k, k)
	}
	r.fail(&p, r.where(paths...), path)
}

// check looks at what only the whole scenario can show.
func (r *resolver) check() {
	u := r.uses()
	for i := range u {
		r.checkCPU(&u[i])
		r.checkPCIe(&u[i])
		r.checkNIC(&u[i])
		r.checkTCP(&u[i])
		r.checkNetgpu(&u[i])
		r.checkApp(&u[i])
	}
	r.warnIdle(&u)
	if a, b := u[0].spec.TCP.IPVersion, u[1].spec.TCP.IPVersion; a != b {
		r.refuse(&u[1], "tcp.ip_version", problem{given: fmt.Sprintf("%d on the receiver, %d on the sender", b, a), allowed: "one version for both"}, "tcp.profile")
	}
	if a, b := u[0].spec.TCP.VLAN, u[1].spec.TCP.VLAN; a != b {
		r.refuse(&u[1], "tcp.vlan", problem{given: fmt.Sprintf("%t on the receiver, %t on the sender", b, a), allowed: "the same on both"}, "tcp.profile")
	}
	if r.s.Link.Reorder > 0 && r.s.Link.ReorderDelay == 0 {
		r.warn("link.reorder has no effect: link.reorder_delay is 0")
	}
	connections := 0
	for i := range r.s.Flows {
		connections += r.s.Flows[i].Count
		r.checkFlow(&u, &r.s.Flows[i])
	}
	if connections > connectionsMax {
		last := "flows." + r.flows[len(r.flows)-1]
		p := problem{given: fmt.Sprintf("%d connections in all", connections), allowed: fmt.Sprintf("at most %d", connectionsMax)}
		r.fail(&p, r.where(last+".count", last+".name"), "flows")
	}
}

func (r *resolver) checkCPU(u *hostUse) {
	cpu := &u.spec.CPU
	for _, c := range []struct {
		key  string
		core int
	}{{"cpu.irq_core", cpu.IRQCore}, {"cpu.app_core", cpu.AppCore}} {
		if c.core >= cpu.Cores {
			p := problem{given: fmt.Sprint(c.core), allowed: fmt.Sprintf("0 to %d", cpu.Cores-1), hint: fmt.Sprintf("cpu.cores is %d", cpu.Cores)}
			r.refuse(u, c.key, p, "cpu.cores", "cpu.profile")
		}
	}
}

func (r *resolver) checkPCIe(u *hostUse) {
	for _, w := range wrongPCIe(&u.spec.PCIe) {
		r.refuse(u, w.key, w.problem, w.others...)
	}
	if p := &u.spec.PCIe; p.BeyondFast() && !p.Exactly() {
		r.warn("%s: %s", u.name, beyondFast)
	}
}

// beyondFast says what to make of a result.
const beyondFast = "pcie: the fast engine is known to be off with ats, and with acs_redirect under a switch, when links are full (docs/models/pcie.md, Accuracy)"

// misfit is a setting that does not go together with others.
type misfit struct {
	key string
	problem
	others []string // keys that may be to blame
}

// wrongPCIe finds what does not go together on a PCIe tree.
func wrongPCIe(p *pcie.Spec) []misfit {
	var wrong []misfit
	if p.CompletionSize > p.MaxPayload {
		wrong = append(wrong, misfit{"pcie.completion_size", problem{
			given:   formatSize(int64(p.CompletionSize)),
			allowed: "at most pcie.max_payload, " + formatSize(int64(p.MaxPayload)),
			hint:    "a completion is a TLP",
		}, []string{"pcie.max_payload", "pcie.profile"}})
	}
	if need := int(p.MaxPayload) / creditUnitBytes; p.PostedDataCredits < need {
		wrong = append(wrong, misfit{"pcie.posted_data_credits", problem{
			given:   fmt.Sprint(p.PostedDataCredits),
			allowed: fmt.Sprintf("at least %d", need),
			hint:    fmt.Sprintf("with less, a TLP of pcie.max_payload %d can never be sent (PCIe base specification 2.6.1)", p.MaxPayload),
		}, []string{"pcie.max_payload", "pcie.profile"}})
	}
	if need := int(p.CompletionSize) / creditUnitBytes; p.CompletionDataCredits != 0 && p.CompletionDataCredits < need {
		wrong = append(wrong, misfit{"pcie.completion_data_credits", problem{
			given:   fmt.Sprint(p.CompletionDataCredits),
			allowed: fmt.Sprintf("0 (no limit), or at least %d", need),
			hint:    fmt.Sprintf("with less, a completion of pcie.completion_size %d can never be sent", p.CompletionSize),
		}, []string{"pcie.completion_size", "pcie.profile"}})
	}
	if !slices.Contains([]int{0, 5, 8, 10, 14}, p.TagBits) {
		wrong = append(wrong, misfit{"pcie.tag_bits", problem{given: fmt.Sprint(p.TagBits), allowed: "0 (no limit), 5, 8, 10 or 14"}, []string{"pcie.profile"}})
	}
	if p.ATS && !p.IOMMU {
		wrong = append(wrong, misfit{"pcie.ats", problem{given: "true", allowed: "false without pcie.iommu", hint: "there is nothing to translate"}, []string{"pcie.iommu", "pcie.profile"}})
	}
	return wrong
}

func (r *resolver) checkNIC(u *hostUse) {
	n := &u.spec.NIC
	if n.CQEBytes != 64 && n.CQEBytes != 128 {
		r.refuse(u, "nic.cqe_bytes", problem{given: fmt.Sprint(int64(n.CQEBytes)), allowed: "64 or 128"}, "nic.profile")
	}
	if n.CQEntries < n.RQEntries {
		r.refuse(u, "nic.cq_entries", problem{
			given:   fmt.Sprint(n.CQEntries),
			allowed: fmt.Sprintf("at least nic.rq_entries, %d", n.RQEntries),
			hint:    "the queue has to hold a completion of every receive WQE",
		}, "nic.rq_entries", "nic.profile")
	}
	if !u.netgpuRx {
		return
	}
	payload := n.MTU + wqeL2Slack - n.HeaderSplit
	if entries := 1 + (payload+n.Fragment-1)/n.Fragment; entries > wqeEntriesMax {
		key, given := "nic.mtu", n.MTU
		if _, explicit := r.find(u.name, "nic", "fragment"); explicit {
			key, given = "nic.fragment", n.Fragment
		}
		r.refuse(u, key, problem{
			given:   formatSize(int64(given)),
			allowed: fmt.Sprintf("what fits a header entry and %d payload entries", wqeEntriesMax-1),
			hint:    fmt.Sprintf("MTU %d in fragments of %d takes a receive WQE of %d entries", n.MTU, n.Fragment, entries),
		}, "nic.profile")
	}
}

func (r *resolver) checkTCP(u *hostUse) {
	t := &u.spec.TCP
	if t.IPVersion == 5 {
		r.refuse(u, "tcp.ip_version", problem{given: quote("5"), allowed: "4 or 6"}, "tcp.profile")
	}
	if t.IPVersion == 6 && u.spec.NIC.MTU < ipv6MinMTU {
		r.warn("%s: nic.mtu %d is below the IPv6 minimum of %d (RFC 8200 section 5): no conforming network has such a link", u.name, u.spec.NIC.MTU, ipv6MinMTU)
	}
}

func (r *resolver) checkNetgpu(u *hostUse) {
	g, n := &u.spec.Netgpu, &u.spec.NIC
	if g.Contexts > n.Channels {
		r.refuse(u, "netgpu.contexts", problem{
			given:   fmt.Sprint(g.Contexts),
			allowed: fmt.Sprintf("at most nic.channels, %d", n.Channels),
			hint:    "each context binds a queue of a channel of its own",
		}, "nic.channels", "nic.profile")
	}
	if g.Queue != -1 && (g.Queue < n.Channels || g.Queue >= 2*n.Channels) {
		r.refuse(u, "netgpu.queue", problem{
			given:   fmt.Sprint(g.Queue),
			allowed: fmt.Sprintf("%d to %d (the shadow group), or -1 for any", n.Channels, 2*n.Channels-1),
			hint:    fmt.Sprintf("nic.channels is %d", n.Channels),
		}, "nic.channels", "nic.profile")
	}
	if u.netgpuSockets == 0 {
		return
	}
	if g.Variant == "rfc-v1" && u.netgpuSockets > 1 {
		r.refuse(u, "netgpu.variant", problem{
			given:   fmt.Sprintf("rfc-v1 with %d netgpu sockets on the %s", u.netgpuSockets, u.name),
			allowed: "one netgpu socket per device",
			hint:    "several sockets on a context came with version 2",
		})
	}
	if g.Memory == "gpu" {
		r.checkGPU(u)
	}
	if u.netgpuRx {
		r.checkBuffers(u)
	}
}

// checkGPU checks that the registered areas can be pinned. The aperture is used up in
// whole GPU pages (patch 21).
func (r *resolver) checkGPU(u *hostUse) {
	g, spec := &u.spec.Netgpu, &u.spec.GPU
	if spec.Memory == 0 {
		r.refuse(u, "netgpu.memory", problem{given: "gpu on the " + u.name + ", which has no GPU", allowed: "host, or a GPU: set gpu.profile"})
		return
	}
	areas := sim.Bytes(g.Contexts)
	if g.ShareArea {
		areas = 1
	}
	pinned := areas * ((g.AreaSize + spec.PageSize - 1) / spec.PageSize * spec.PageSize)
	for _, limit := range []struct {
		key  string
		size sim.Bytes
	}{{"gpu.bar1", spec.BAR1}, {"gpu.memory", spec.Memory}} {
		if pinned > limit.size {
			r.refuse(u, "netgpu.area_size", problem{
				given:   fmt.Sprintf("%d of %s, pinned as %s", areas, formatSize(int64(g.AreaSize)), formatSize(int64(pinned))),
				allowed: "at most " + limit.key + ", " + formatSize(int64(limit.size)),
			}, "netgpu.contexts", limit.key, "gpu.profile")
		}
	}
}

// checkBuffers warns of receive buffers that cannot be where the setting wants them.
func (r *resolver) checkBuffers(u *hostUse) {
	g, n := &u.spec.Netgpu, &u.spec.NIC
	pages := int(g.AreaSize / pageBytes)
	if g.ShareArea {
		pages /= g.Contexts
	}
	if slots := u.spec.App.FillSlots; slots > pages {
		r.warn("%s: app.fill_slots %d needs %s, but netgpu.area_size gives each context %d pages", u.name, slots, formatSize(int64(slots)*pageBytes), pages)
	}
	ring := 1
	for ring < g.FillEntries {
		ring *= 2
	}
	if slots := u.spec.App.FillSlots; slots > ring {
		r.warn("%s: app.fill_slots %d is more than the fill ring holds: netgpu.fill_entries %d gives %d slots", u.name, slots, g.FillEntries, ring)
	}
	payload := n.MTU + wqeL2Slack - n.HeaderSplit
	perWQE := int((payload + n.Fragment - 1) / n.Fragment)
	if need := perWQE * n.RQEntries; need > pages {
		r.warn("%s: %d receive WQEs take %d pages, but netgpu.area_size gives each context %d: the receive queue is never full", u.name, n.RQEntries, need, pages)
	}
}

func (r *resolver) checkApp(u *hostUse) {
	end := r.s.Run.Warmup + r.s.Run.Duration
	for _, fault := range []struct {
		key string
		at  sim.Time
	}{{"app.stop_after", u.spec.App.StopAfter}, {"app.recycle_stop", u.spec.App.RecycleStop}} {
		if fault.at >= end {
			r.warn("%s: %s %s never happens: the run ends at %s", u.name, fault.key, formatQuantity(int64(fault.at), timeUnits), formatQuantity(int64(end), timeUnits))
		}
	}
}

// warnIdle warns of what applications are told to do on a path that no flow takes: on
// the host that is told, or on either if both are.
func (r *resolver) warnIdle(u *[2]hostUse) {
	for _, setting := range []struct {
		key, path string
		set, used func(*hostUse) bool
	}{
		{"app.send_buffers", "tx", func(u *hostUse) bool { return u.spec.App.SendBuffers > 1 }, func(u *hostUse) bool { return u.netgpuTx }},
		{"app.modify", "tx", func(u *hostUse) bool { return u.spec.App.Modify }, func(u *hostUse) bool { return u.netgpuTx }},
		{"app.overfill", "rx", func(u *hostUse) bool { return u.spec.App.Overfill }, func(u *hostUse) bool { return u.netgpuTaken }},
	} {
		idle := [2]bool{}
		for i := range u {
			idle[i] = setting.set(&u[i]) && !setting.used(&u[i])
			if _, own := r.settings[u[i].name+"."+setting.key]; own && idle[i] {
				r.warn("%s.%s has no effect: no flow has %s netgpu there", u[i].name, setting.key, setting.path)
			}
		}
		if _, both := r.settings[setting.key]; both && idle[0] && idle[1] {
			r.warn("%s has no effect: no flow has %s netgpu", setting.key, setting.path)
		}
	}
}

// checkFlow checks a flow against the hosts it connects.
func (r *resolver) checkFlow(u *[2]hostUse, f *host.FlowSpec) {
	from, to := ends(u, f)
	for _, end := range []struct {
		*hostUse
		path string
	}{{from, f.Tx}, {to, f.Rx}} {
		if contexts := end.spec.Netgpu.Contexts; end.path == "netgpu" && f.Context >= contexts {
			path := "flows." + f.Name + ".context"
			p := problem{given: fmt.Sprint(f.Context), allowed: fmt.Sprintf("-1 to %d", contexts-1), hint: fmt.Sprintf("the %s has netgpu.contexts %d", end.name, contexts)}
			r.fail(&p, r.where(path), path)
		}
	}
	if _, set := r.settings["flows."+f.Name+".symmetric"]; set && f.Symmetric && f.Tx != "netgpu" {
		r.warn("flow %s: symmetric has no effect: tx is %s", f.Name, f.Tx)
	}
	if headers := headerBytes(from.spec); f.Rx == "netgpu" && headers != to.spec.NIC.HeaderSplit {
		what := "the first payload bytes land in the header buffer"
		if headers > to.spec.NIC.HeaderSplit {
			what = "header bytes land in the payload page"
		}
		r.warn("flow %s: the %s's data segments carry %d bytes of headers, the %s splits frames at %d: %s",
			f.Name, from.name, headers, to.name, to.spec.NIC.HeaderSplit, what)
	}
}

// headerBytes is what precedes the payload in a data segment without SACK blocks.
func headerBytes(spec *host.Spec) sim.Bytes {
	t := &spec.TCP
	headers := sim.Bytes(ethernetBytes + ipv6Bytes + tcpBytes)
	if t.IPVersion == 4 {
		headers += ipv4Bytes - ipv6Bytes
	}
	if t.VLAN {
		headers += vlanBytes
	}
	options := sim.Bytes(0)
	if t.Timestamps {
		options = timestampBytes
	}
	options = max(options, (t.PadOptions+3)/4*4) // TCP headers are whole 32-bit words
	return headers + options
}
