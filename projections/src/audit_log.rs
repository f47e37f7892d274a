//! What staff did, in the columns the operations guide asks for.
