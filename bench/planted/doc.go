// Package planted holds bugs for the drivers, to prove that the checks find them: random lives (package
// bench/lives), scenarios, and mmp3's exhaustive exploration.
//
// A bug is a row of a table, one file a driver, and one for the host and the standard client:
//
//	{"mmp3", "the acceptor adds no dependencies", within(50), []Edit{
//		in("mmp3.replica.onPropose").drop(`deps.raise(r.fresh(x.at))`),
//	}},
//
// It says whose lives are played, what is wrong, in how many lives, in which scenario or by which test that
// is found, and how the code differs. An edit names a function, as package.function or package.Type.method, where
// the package is a folder below protocols. Within that function it names an expression, or statements
// that follow each other, and what becomes of them:
//
//	replace  other code takes their place
//	drop     they go: statements, an operand of && or ||, a field of a composite literal
//	negate   a condition is turned round
//	before   statements are put before them
//	after    statements are put behind them
//	inCase   statements are put at the start of a case of a switch
//	first    statements are put at the start of the function
//	field    a struct type gets a field; the name is that of the type
//
// What is searched for is compared as a syntax tree: line breaks, comments and parentheses do not matter,
// nor does what stands around it, nor in which file the function is. It must be in the function exactly
// once; if it is there twice, the row takes a statement before or behind it along. A block { _ } stands for
// any block, so that a long if or loop can be named by its head:
//
//	in("kv.session.once").replace(`if result, done := s.result(c.Seq); done { _ }`,
//		`if result, done := s.result(c.Seq); done && c.Op == Op_GET { _ }`)
//
// # When code changes
//
// TestAnchors resolves all edits in milliseconds, with every go test. If a function is renamed or the code
// in it changes, the test names the file and line of the row, what the row searches for, and where that is
// now, if it is anywhere. Mend the row so that the bug is the same; then see that it is still found:
//
//	go test -tags planted ./bench/planted -run 'Planted/bugs/mmp3/the_acceptor_adds_no'
//
// A bug that leaves a variable unused, or an import missing, does not compile: TestBugsCompile tells.
// Choose the edit so that the variable is still used (`v && false`, `_ = v`), or add needing("bytes").
//
// # How they are run
//
// All bugs are built into one program (package bench/variants), which plays as one of them.
//
//	bash .ci/planted                                                       all, and ten times as many lives without
//	go test -tags planted ./bench/planted -timeout 15m -args -most 400     without those that need many lives
//	go test -tags planted ./bench/planted -timeout 1h -args -least 401     only those
package planted
