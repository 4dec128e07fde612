package postgres

import (
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

// pair returns two ends of a connection.
func pair(t *testing.T) (ours, theirs net.Conn) {
	t.Helper()
	numbers, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	var ends [2]net.Conn
	for i, number := range numbers {
		file := os.NewFile(uintptr(number), "socket")
		if ends[i], err = net.FileConn(file); err != nil { // which makes a copy
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { ends[i].Close() })
	}
	return ends[0], ends[1]
}

func TestWhetherAConnectionIsOpen(t *testing.T) {
	ours, theirs := pair(t)
	if !isOpen(ours) {
		t.Error("a fresh connection is closed")
	}
	theirs.Close()
	if isOpen(ours) {
		t.Error("a connection that the other side has closed is open")
	}
}

// TestWhetherAConnectionIsOpenThatSomebodyReads asks while a read waits for something to come, which nothing does.
func TestWhetherAConnectionIsOpenThatSomebodyReads(t *testing.T) {
	ours, _ := pair(t)
	reading := make(chan struct{})
	go func() {
		close(reading)
		_, _ = ours.Read(make([]byte, 1)) // until the connection is closed
	}()
	<-reading
	time.Sleep(10 * time.Millisecond) // most likely it waits by now
	told := make(chan bool, 1)
	go func() { told <- isOpen(ours) }()
	select {
	case open := <-told:
		if !open {
			t.Error("the connection is closed")
		}
	case <-time.After(10 * time.Second):
		t.Error("it waits for the reader")
	}
}
