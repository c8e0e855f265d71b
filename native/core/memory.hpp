// Shared memory as sealed memfds: no names, no size changes, no late SIGBUS, no write mapping after the owner's.
#pragma once

#include "fd.hpp"

namespace es {

struct SharedMemory {
  Fd fd;
  Mapping mapping;  // read-write
};

// Who may write a memory object after it is handed out.
enum class Seal {
  owner_writes,  // SHRINK|GROW|FUTURE_WRITE|SEAL: only the mapping that exists now can write (pools)
  both_write,    // SHRINK|GROW|SEAL: whoever has the descriptor may map it read-write (seat pages)
};

// Allocates every page (a full shmem is ES_BAD_ALLOC here, not SIGBUS later), maps read-write, faults in, seals.
int create_shared(const char* label, size_t bytes, Seal seal, SharedMemory* out);

// Maps a descriptor that came from a peer, after its seals and size are checked.
int map_received(int fd, size_t bytes, Seal seal, bool writable, Mapping* out);

}  // namespace es
