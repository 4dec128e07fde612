package netem_test

import (
	"fmt"
	"time"

	"quorumbench/configs"
	"quorumbench/netem"
)

func ExampleParseTopology() {
	data, err := configs.Topology("aws-2020-06-05")
	if err != nil {
		fmt.Println(err)
		return
	}
	topology, err := netem.ParseTopology("aws-2020-06-05.yaml", data)
	if err != nil {
		fmt.Println(err)
		return
	}
	link, err := topology.Link("us-east-1", "eu-west-1")
	fmt.Println(link.Avg, link.OneWay, link.Jitter(), err)
	// Output: 70.508ms 35.254ms 103.237µs <nil>
}

func ExampleLink_Transmit() {
	link := netem.NewLink(netem.LinkConfig{Delay: 35 * time.Millisecond, Rate: 10e6}, 1, 0, 1)
	for range 3 {
		fmt.Println(link.Transmit(0, 1250)) // 1250 B at 10 Mbit/s take 1 ms
	}
	// Output:
	// 36ms delivered
	// 37ms delivered
	// 38ms delivered
}
