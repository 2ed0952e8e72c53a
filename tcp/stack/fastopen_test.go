package stack

import (
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"testing"
)

// The test vector of the SipHash paper's authors: key 0..15, message 0..7.
func TestSipHash(t *testing.T) {
	var key, message [16]byte
	for i := range key {
		key[i], message[i] = byte(i), byte(i)
	}
	k := [2]uint64{binary.LittleEndian.Uint64(key[:]), binary.LittleEndian.Uint64(key[8:])}
	if got := sipHash(k, message[:8]); got != 0x93f5f5799a932462 {
		t.Errorf("got %x", got)
	}
}

// The cookie follows from the key as in Linux: words in the order of the sysctl, each
// little endian, and the addresses of SYN's source and destination.
func TestFastOpenCookie(t *testing.T) {
	n := newNetwork(t, nil)
	h := n.host[0]
	const name, key = "net.ipv4.tcp_fastopen_key", "a1a1a1a1-b2b2b2b2-c3c3c3c3-d4d4d4d4"
	if err := h.SetSysctl(name, key); err != nil {
		t.Fatal(err)
	}
	if got, _ := h.Sysctl(name); got != key {
		t.Errorf("the key is %s", got)
	}
	c := h.FastOpenCookie(netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.168.0.1"))
	if got := hex.EncodeToString(c.Bytes[:c.Len]); got != "3021b9d889017eeb" {
		t.Errorf("the cookie is %s", got)
	}
	if err := h.SetSysctl(name, "a1a1a1a1-b2"); err == nil {
		t.Error("half a key was taken")
	}
}
