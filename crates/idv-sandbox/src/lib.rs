//! Identity-verification vendors by their documents, over real HTTP on the loopback interface.
