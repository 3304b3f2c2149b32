//! vSphere on vcsim.
