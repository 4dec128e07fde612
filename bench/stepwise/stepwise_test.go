package stepwise_test

import (
	"context"
	"fmt"
	"testing"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/bench/stepwise"
	"quorumbench/protocols/registry"
)

const calm = `
topology: aws-2020-06-05
regions: [us-east-1, eu-west-1, ap-northeast-1]
world: sim
load: {rate: 20/s, duration: 5s}
`

// Each write that is told is one of those in the result: the slowest took the maximum to the nanosecond, and the typical
// one what its bucket of the histogram says. The messages it waited for follow each other without a gap, and fill the
// whole time.
func TestATypicalWriteIsTheMedianAndItsMessagesFillItsTime(t *testing.T) {
	plan, err := experiment.Parse("calm.yaml", []byte(calm), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	found, err := bench.Execute(t.Context(), plan, bench.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range found.Runs {
		for i, protocol := range plan.Experiment.Protocols {
			if protocol.Label != one.Protocol {
				continue
			}
			for client, region := range one.Regions {
				t.Run(fmt.Sprint(one.Protocol, "/", region.Region), func(t *testing.T) {
					typical, slowest := of(t, plan, i, client, stepwise.Typical), of(t, plan, i, client, stepwise.Slowest)
					if d := region.Response.P50 - typical.Response; d < 0 || d > region.Response.P50/500 {
						t.Errorf("the typical write took %v, run.json has the median %v", typical.Response, region.Response.P50)
					}
					if slowest.Response != region.Response.Max {
						t.Errorf("the slowest write took %v, run.json has the maximum %v", slowest.Response, region.Response.Max)
					}
					now := typical.Sent
					for _, m := range typical.Messages {
						if m.Part != stepwise.Awaited {
							continue
						}
						if m.Sent != now {
							t.Errorf("%q left %v, the message before arrived %v", m.Text, m.Sent, now)
						}
						now = m.Arrives
					}
					if now != typical.Response {
						t.Errorf("the awaited messages end at %v, the answer came at %v: %+v", now, typical.Response, typical.Messages)
					}
				})
			}
		}
	}
}

func of(t *testing.T, plan *experiment.Plan, protocol, client int, pick stepwise.Pick) *stepwise.Write {
	t.Helper()
	w, err := stepwise.Of(t.Context(), plan, plan.Experiment.Protocols[protocol], client, pick)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func ExampleOf() {
	plan, err := experiment.Parse("calm.yaml", []byte(calm), registry.Drivers)
	if err != nil {
		fmt.Println(err)
		return
	}
	raft := plan.Experiment.Protocols[3]
	w, err := stepwise.Of(context.Background(), plan, raft, 1, stepwise.Typical)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(w.Protocol, "from", w.Region, "takes", w.Response)
	for _, m := range w.Messages {
		if m.Part == stepwise.Awaited {
			fmt.Printf("%v to %v: from %s to %s\n", m.Sent, m.Arrives, w.Places[m.From].Region, w.Places[m.To].Region)
		}
	}
	// Output:
	// raft from eu-west-1 takes 141.009ms
	// 0s to 35.2505ms: from eu-west-1 to us-east-1
	// 35.2505ms to 70.5045ms: from us-east-1 to eu-west-1
	// 70.5045ms to 105.755ms: from eu-west-1 to us-east-1
	// 105.755ms to 141.009ms: from us-east-1 to eu-west-1
}
