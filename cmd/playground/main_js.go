package main

import (
	"encoding/json"
	"runtime/debug"
	"syscall/js"

	"quorumbench/protocols/registry"
)

// main puts the object quorumbench into the worker's global scope, whose functions take and return text: JSON, or YAML for
// experiments. Each returns an object with the key value or the key error.
func main() {
	debug.SetGCPercent(400)
	l := lab{drivers: registry.Drivers}
	js.Global().Set("quorumbench", map[string]any{
		"about": function(func([]js.Value) (any, error) { return l.about() }),
		"plan":  function(func(args []js.Value) (any, error) { return l.plan(args[0].String()) }),
		"run": function(func(args []js.Value) (any, error) {
			return l.run(args[0].String(), func(share float64) { args[1].Invoke(share) })
		}),
		"step": function(func(args []js.Value) (any, error) {
			return l.step(args[0].String(), args[1].String(), args[2].String(), args[3].String())
		}),
	})
	js.Global().Call("quorumbenchReady")
	select {}
}

// function makes a Go function one of JavaScript.
func function(f func([]js.Value) (any, error)) js.Func {
	return js.FuncOf(func(_ js.Value, args []js.Value) any {
		value, err := f(args)
		if err != nil {
			return map[string]any{"error": err.Error()}
		}
		data, err := json.Marshal(value)
		if err != nil {
			return map[string]any{"error": err.Error()}
		}
		return map[string]any{"value": string(data)}
	})
}
