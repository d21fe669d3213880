#pragma once

#include <cstddef>
#include <string_view>

#include "floor_job.hpp"

struct ssl_st;

/// One thread's connection to the server, made when it is first needed and kept: a raw socket, or TLS over one.
class Connection {
 public:
  explicit Connection(const Job& job) : job_(job) {}
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void open();

  /// Sends all of it. `more`: other bytes follow at once.
  void send(std::string_view data, bool more = false);

  /// Sends bytes of a file as they are: not over TLS.
  void send_file(int file, std::int64_t offset, std::int64_t size);

  /// At least one byte, at most `size`.
  std::size_t receive(char* data, std::size_t size);

 private:
  void begin_tls();

  const Job& job_;
  int socket_ = -1;
  ssl_st* tls_ = nullptr;
};
