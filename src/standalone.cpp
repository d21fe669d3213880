// For the program that has the C library in it (scripts/build-static). The C library's own versions of these functions
// load shared libraries of exactly its version, which a file that runs anywhere cannot expect. libcurl finds hosts by
// c-ares, which reads /etc/hosts and asks name servers itself; libcrypto and c-ares refer to these functions in code
// that the program never calls, or for optional modules, without which they go on. So here each of them finds nothing.
#include <dlfcn.h>
#include <netdb.h>

#include <cerrno>

extern "C" {

void* dlopen(const char* /*file*/, int /*mode*/) noexcept { return nullptr; }

void* dlsym(void* __restrict /*handle*/, const char* __restrict /*name*/) noexcept { return nullptr; }

int dlclose(void* /*handle*/) noexcept { return -1; }

char* dlerror() noexcept {
  static char reason[] = "this program loads no shared libraries";  // NOLINT(*-avoid-c-arrays)
  return reason;
}

int getaddrinfo(const char* /*node*/, const char* /*service*/, const addrinfo* /*hints*/, addrinfo** result) {
  *result = nullptr;
  return EAI_FAIL;
}

void freeaddrinfo(addrinfo* /*result*/) noexcept {}

int getnameinfo(const sockaddr* /*address*/, socklen_t /*size*/, char* /*host*/, socklen_t /*host_size*/,
                char* /*service*/, socklen_t /*service_size*/, int /*flags*/) {
  return EAI_FAIL;
}

hostent* gethostbyname(const char* /*name*/) {
  h_errno = NO_RECOVERY;
  return nullptr;
}

servent* getservbyname(const char* /*name*/, const char* /*protocol*/) { return nullptr; }

int getservbyport_r(int /*port*/, const char* /*protocol*/, servent* /*entry*/, char* /*buffer*/, size_t /*size*/,
                    servent** result) {
  *result = nullptr;
  return ENOENT;
}

}  // extern "C"
