package strictyaml_test

import (
	"fmt"
	"time"

	"quorumbench/configs/strictyaml"
)

func ExampleDecode() {
	var settings struct {
		Rate     float64       `yaml:"rate,required"`
		Duration time.Duration `yaml:"duration"`
	}
	_, err := strictyaml.Decode("load.yaml", []byte("rate: 100\ndurtion: 10s\n"), &settings)
	fmt.Println(err)

	doc, err := strictyaml.Decode("load.yaml", []byte("rate: -1\nduration: 10s\n"), &settings)
	if err == nil && settings.Rate <= 0 {
		err = doc.Errorf("rate", "found %v; accepted: a number above 0", settings.Rate)
	}
	fmt.Println(err)
	// Output:
	// load.yaml:2:1: found the unknown key "durtion"; accepted: rate, duration; did you mean duration?
	// load.yaml:1:7: found -1; accepted: a number above 0
}
