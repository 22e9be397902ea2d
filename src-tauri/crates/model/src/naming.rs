//! Short names from prompts.
