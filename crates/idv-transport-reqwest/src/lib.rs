//! The idv transport over reqwest: TLS by rustls, no redirects, bounded bodies.
