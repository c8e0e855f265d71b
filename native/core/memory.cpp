#include "memory.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>

#include "status.hpp"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

namespace es {

namespace {

int seals_of(Seal seal) {
  const int fixed_size = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
  return seal == Seal::owner_writes ? fixed_size | F_SEAL_FUTURE_WRITE : fixed_size;
}

// Kernels before 6.3 do not know MFD_NOEXEC_SEAL and answer EINVAL.
int open_memfd(const char* label) {
#ifdef ES_TEST_HOOKS
  if (getenv("ES_TEST_NO_MEMFD") != nullptr) {
    errno = ENOSYS;
    return -1;
  }
#endif
  const int fd = memfd_create(label, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
  return fd >= 0 || errno != EINVAL ? fd : memfd_create(label, MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

}  // namespace

int create_shared(const char* label, size_t bytes, Seal seal, SharedMemory* out) {
  Fd fd(open_memfd(label));
  if (!fd) return fail_errno(ES_BAD_ALLOC, "cannot create shared memory");
  if (ftruncate(fd.get(), static_cast<off_t>(bytes)) != 0) {
    return fail_errno(ES_BAD_ALLOC, "cannot size shared memory to %zu bytes", bytes);
  }
  int result;
  do {
    result = fallocate(fd.get(), 0, 0, static_cast<off_t>(bytes));
  } while (result != 0 && errno == EINTR);
  if (result != 0) return fail_errno(ES_BAD_ALLOC, "no room for %zu bytes of shared memory", bytes);
  void* address = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd.get(), 0);
  if (address == MAP_FAILED) return fail_errno(ES_BAD_ALLOC, "cannot map %zu bytes of shared memory", bytes);
  Mapping mapping(address, bytes);
  if (fcntl(fd.get(), F_ADD_SEALS, seals_of(seal)) != 0) {
    return fail_errno(ES_SYSTEM, "cannot seal shared memory (Linux 5.1 or newer is needed)");
  }
  out->fd = std::move(fd);
  out->mapping = std::move(mapping);
  return ES_OK;
}

int map_received(int fd, size_t bytes, Seal seal, bool writable, Mapping* out) {
  const int have = fcntl(fd, F_GET_SEALS);
  const int want = seals_of(seal);
  if (have < 0 || (have & want) != want) {
    return fail(ES_BAD_PROTOCOL, "the peer's memory is not sealed as the protocol says (seals %#x, need %#x)",
                static_cast<unsigned>(have), static_cast<unsigned>(want));
  }
  struct stat status;
  if (fstat(fd, &status) != 0 || static_cast<uint64_t>(status.st_size) != bytes) {
    return fail(ES_BAD_PROTOCOL, "the peer's memory has another size than it says");
  }
  const int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
  void* address = mmap(nullptr, bytes, protection, MAP_SHARED | MAP_POPULATE, fd, 0);
  if (address == MAP_FAILED) return fail_errno(ES_BAD_ALLOC, "cannot map %zu bytes of shared memory", bytes);
  *out = Mapping(address, bytes);
  return ES_OK;
}

}  // namespace es
