use serde::{Deserialize, Serialize};
use zeroize::Zeroize;
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret(String);
impl Secret { pub fn new(s: impl Into<String>) -> Self { Self(s.into()) } pub fn expose(&self) -> &str { &self.0 } }
impl Drop for Secret { fn drop(&mut self) { self.0.zeroize() } }
impl std::fmt::Debug for Secret { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("[secret]") } }
