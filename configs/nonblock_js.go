package configs

// nonblock is not known in a browser, which has no pipes.
const nonblock = 0
