//! What the person configured: the file, its checks, and what it means for each account.
