//! The memory that hashes are computed in, kept from one to the next.
//!
//! Each hash needs megabytes, and the threads for blocking work change: were it given back after each,
//! the allocator would keep a piece of its own for many of them. Kept here, there are never more pieces
//! than hashes run at once. Argon2's first pass writes every block before it is read (RFC 9106 §3.2),
//! so a hash does not depend on the one before.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use argon2::{Block, Error, Params};

/// The pieces that no hash uses at the moment.
#[derive(Clone)]
pub(super) struct Memory {
    /// Blocks of a piece that is kept.
    size: usize,
    resting: Arc<Mutex<Vec<Vec<Block>>>>,
}

impl Memory {
    /// Keeps what hashes of that cost need, from the first of them on.
    pub(super) fn new(params: &Params) -> Self {
        Self {
            size: params.block_count(),
            resting: Arc::default(),
        }
    }

    /// Lends `work` the memory for a hash of that cost.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`], or that of the work.
    pub(super) fn lend<T>(
        &self,
        params: &Params,
        work: impl FnOnce(&mut [Block]) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let size = params.block_count();
        if size > self.size {
            // Made at a cost beyond that of today, at which it is about to be replaced.
            return work(&mut blocks(size)?);
        }
        let resting = self.resting().pop();
        let mut blocks = match resting {
            Some(blocks) => blocks,
            None => blocks(self.size)?,
        };
        let outcome = work(&mut blocks[..size]);
        self.resting().push(blocks);
        outcome
    }

    fn resting(&self) -> MutexGuard<'_, Vec<Vec<Block>>> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn blocks(count: usize) -> Result<Vec<Block>, Error> {
    let mut blocks = Vec::new();
    blocks
        .try_reserve_exact(count)
        .map_err(|_| Error::OutOfMemory)?;
    blocks.resize(count, Block::new());
    Ok(blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(memory_kib: u32) -> Params {
        Params::new(memory_kib, 1, 1, None).unwrap()
    }

    #[test]
    fn memory_is_lent_again_as_far_as_it_suffices() {
        let memory = Memory::new(&params(64));
        for (size, lent_before) in [(64, 0), (64, 1), (32, 2), (128, 0), (64, 3)] {
            let found = memory.lend(&params(size), |blocks| {
                let count = &mut blocks[0].as_mut()[0];
                *count += 1;
                Ok((*count - 1, blocks.len()))
            });
            assert_eq!(found.unwrap(), (lent_before, size as usize), "{size}");
        }
        assert_eq!(memory.resting().len(), 1);
    }

    #[test]
    fn there_are_as_many_pieces_as_were_used_at_once() {
        let memory = Memory::new(&params(64));
        let inner = || memory.lend(&params(64), |_| Ok(()));
        for _ in 0..3 {
            memory.lend(&params(64), |_| inner()).unwrap();
        }
        assert_eq!(memory.resting().len(), 2);
    }
}
