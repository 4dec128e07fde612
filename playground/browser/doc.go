// Package browser tests the playground in Chromium. It is a module of its own, so that quorumbench does not need chromedp.
package browser
