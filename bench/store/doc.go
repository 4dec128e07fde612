// Package store puts result folders into object stores and takes them out again. A reader finds a whole result or none.
//
// A result called NAME is an object NAME/manifest.sha256 and, below NAME/ID/, the files that it lists, with their checksums, as
// sha256sum -c reads them. ID follows from what is in the files. The manifest is written last, so that a result whose upload was broken
// off is not there, and one that takes the place of another takes it at once.
//
// What reaches a store, such as Amazon S3, is a Bucket. Those who have the libraries of clouds make one; this package has none.
package store
