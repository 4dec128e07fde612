// Package linear decides whether what clients saw of a key-value store is linearizable: whether
// there is one order of all operations, in which each stands between its call and its answer,
// that explains every value read. The decision is porcupine's; this package gives it the model
// and treats every key by itself, which is sound because linearizability is local (Herlihy and
// Wing, TOPLAS 1990, theorem 1).
package linear
