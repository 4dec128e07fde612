package kv_test

import (
	"fmt"
	"log"

	"google.golang.org/protobuf/proto"

	"quorumbench/protocols/kv"
)

// A command that is decided twice takes effect once.
func ExampleStore_Apply() {
	command, err := proto.Marshal(&kv.Command{Client: 1, Seq: 1, Op: kv.Op_PUT, Key: []byte("k"), Value: []byte("foo")})
	if err != nil {
		log.Fatal(err)
	}
	store := kv.NewStore()
	for range 2 {
		id, result := store.Apply(command)
		fmt.Println(id, kv.Describe(command), len(result))
	}
	version, value := store.Get([]byte("k"))
	fmt.Println(version, string(value))
	// Output:
	// 1.1 k=foo 0
	// 1.1 k=foo 0
	// 1 foo
}
