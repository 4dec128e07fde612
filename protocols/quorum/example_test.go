package quorum_test

import (
	"fmt"

	"quorumbench/protocols/quorum"
)

func ExampleApart() {
	regions := []string{"ohio", "tokyo", "paris", "milan", "delhi"}
	name := func(replica int32) string { return regions[replica] }
	all := quorum.First(len(regions))

	phase1, phase2 := quorum.Size(3, all), quorum.Size(2, all)
	apart, err := quorum.Apart(phase1, phase2)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(phase1.Text(name), "misses", phase2.Text(name))
	fmt.Println(apart[0].Text(name), apart[1].Text(name))

	classic, fast := quorum.Majority(all), quorum.Size(4, all)
	apart, err = quorum.Apart(classic, fast, fast)
	fmt.Println(apart == nil, err)
	// Output:
	// 3 of (ohio,tokyo,paris,milan,delhi) misses 2 of (ohio,tokyo,paris,milan,delhi)
	// (ohio,tokyo,paris) (milan,delhi)
	// true <nil>
}

func ExampleRoles_Check() {
	all := quorum.First(3)
	roles := quorum.Roles{quorum.Election: quorum.Majority(all), quorum.Write: quorum.Size(1, all)}
	fmt.Println(roles.Check(quorum.Meeting{quorum.Election, quorum.Election}))
	fmt.Println(roles.Check(quorum.Meeting{quorum.Election, quorum.Write}))
	// Output:
	// <nil>
	// found quorums for election majority(0,1,2) and for write 1 of (0,1,2), which need not meet: (0,1) and (2) have no replica in common; accepted: quorums that always have one
}
