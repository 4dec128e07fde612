module quorumbench/stores

go 1.26.0

require (
	github.com/johannesboyne/gofakes3 v1.2.0
	github.com/rogpeppe/go-internal v1.16.0
	gocloud.dev v0.49.0
	quorumbench v0.0.0
)

replace quorumbench => ../
