package live

import (
	"fmt"
	"net/netip"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// tun is a TUN device: the kernel's packets are read from fd, what is written to it
// the kernel receives.
type tun struct {
	fd   int
	name string
}

// newTUN makes the device in the namespace that the calling thread is in, and brings
// it up with the kernel's addresses.
func newTUN(mtu int, addrs []netip.Prefix) (*tun, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("%w: /dev/net/tun: %w", ErrUnavailable, err)
	}
	t := &tun{fd: fd}
	if err := t.configure(mtu, addrs); err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

func (t *tun) close() { _ = unix.Close(t.fd) } // the device goes with it

func (t *tun) configure(mtu int, addrs []netip.Prefix) error {
	request, err := unix.NewIfreq("netgpusim%d")
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(t.fd, unix.TUNSETIFF, request); err != nil {
		return fmt.Errorf("%w: TUN device: %w", ErrUnavailable, err)
	}
	t.name = request.Name()

	control, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(control)
	if err := t.set(control, unix.SIOCSIFMTU, func(r *unix.Ifreq) error { r.SetUint32(uint32(mtu)); return nil }); err != nil {
		return fmt.Errorf("MTU %d of %s: %w", mtu, t.name, err)
	}
	up := func(r *unix.Ifreq) error { r.SetUint16(unix.IFF_UP | unix.IFF_RUNNING); return nil }
	if err := t.set(control, unix.SIOCSIFFLAGS, up); err != nil {
		return fmt.Errorf("bringing %s up: %w", t.name, err)
	}
	for _, a := range addrs {
		if err := t.addAddress(control, a); err != nil {
			return fmt.Errorf("address %v of %s: %w", a, t.name, err)
		}
	}
	return nil
}

// set makes one interface request.
func (t *tun) set(control int, code uint, fill func(*unix.Ifreq) error) error {
	r, err := unix.NewIfreq(t.name)
	if err != nil {
		return err
	}
	if err := fill(r); err != nil {
		return err
	}
	return unix.IoctlIfreq(control, code, r)
}

func (t *tun) addAddress(control int, a netip.Prefix) error {
	if !a.Addr().Is4() {
		return t.addAddress6(a)
	}
	own, mask := a.Addr().As4(), ^uint32(0)<<(32-a.Bits())
	if err := t.set(control, unix.SIOCSIFADDR, func(r *unix.Ifreq) error { return r.SetInet4Addr(own[:]) }); err != nil {
		return err
	}
	bytes := []byte{byte(mask >> 24), byte(mask >> 16), byte(mask >> 8), byte(mask)}
	return t.set(control, unix.SIOCSIFNETMASK, func(r *unix.Ifreq) error { return r.SetInet4Addr(bytes) })
}

// addAddress6 takes struct in6_ifreq, which x/sys does not have.
func (t *tun) addAddress6(a netip.Prefix) error {
	control, err := unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(control)
	r, err := unix.NewIfreq(t.name)
	if err != nil {
		return err
	}
	if err := unix.IoctlIfreq(control, unix.SIOCGIFINDEX, r); err != nil {
		return err
	}
	request := struct {
		addr      [16]byte
		prefixLen uint32
		index     int32
	}{a.Addr().As16(), uint32(a.Bits()), int32(r.Uint32())}
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(control), unix.SIOCSIFADDR, uintptr(unsafe.Pointer(&request)))
	if errno != 0 {
		return errno
	}
	return usable(control, a.Addr())
}

// usable waits until the kernel lets an IPv6 address be used: duplicate address detection
// is skipped on a TUN device, but by a work queue.
func usable(socket int, a netip.Addr) error {
	const tries, pause = 1000, 2 * time.Millisecond
	var err error
	for range tries {
		if err = unix.Bind(socket, &unix.SockaddrInet6{Addr: a.As16()}); err != unix.EADDRNOTAVAIL {
			return err
		}
		time.Sleep(pause)
	}
	return err
}

// read takes the kernel's next packet; 0 if there is none.
func (t *tun) read(buf []byte) (int, error) {
	for {
		n, err := unix.Read(t.fd, buf)
		switch err {
		case nil:
			return n, nil
		case unix.EAGAIN:
			return 0, nil
		case unix.EINTR:
		default:
			return 0, fmt.Errorf("reading %s: %w", t.name, err)
		}
	}
}

// write gives the kernel a packet.
func (t *tun) write(packet []byte) error {
	for {
		_, err := unix.Write(t.fd, packet)
		switch err {
		case nil:
			return nil
		case unix.EINTR:
		default:
			return fmt.Errorf("writing %d bytes to %s: %w", len(packet), t.name, err)
		}
	}
}
