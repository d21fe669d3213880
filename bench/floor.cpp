// The floor: the least that a client can do to move blobs over http, with raw sockets and kept connections.
//
//   floor get ADDRESS:PORT LIST [--file PATH] [--sha] [--sync]   fetch every blob; discard it, or write it at its
//   offset floor put ADDRESS:PORT LIST --file PATH --to REPOSITORY [--sha]   POST and PUT every blob from its offset
//   floor hash LIST --file PATH                                  hash every blob where it lies in the file
//
// All take --threads N (default 2). LIST has one line a blob: repository, digest, size, offset. With --sha a blob is
// checked in the same pass; --sync writes the file to the disk before the end. It knows of no manifests, no tags, no
// errors but fatal ones: whatever a real client does more is measured against this.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

constexpr std::size_t kBuffer = 256 * 1024;

enum class Mode { get, put, hash };

struct Blob {
  std::string repository;
  std::string digest;
  std::int64_t size = 0;
  std::int64_t offset = 0;
};

struct Job {
  Mode mode = Mode::get;
  std::string address;
  std::uint16_t port = 0;
  std::string repository;  // that put writes to
  std::vector<Blob> blobs;
  unsigned threads = 2;
  bool sha = false;
  bool sync = false;
  int file = -1;
};

[[noreturn]] void die(const std::string& what) {
  std::cerr << "floor: " << what << '\n';
  std::_Exit(1);
}

template <typename Integer>
Integer check(Integer result, const char* what) {
  if (result < 0) {
    std::perror(what);
    std::_Exit(1);
  }
  return result;
}

class Sha256 {
 public:
  void begin() { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }
  void update(const char* data, std::size_t size) { EVP_DigestUpdate(context_.get(), data, size); }
  std::string finish() {
    std::array<unsigned char, 32> raw{};
    EVP_DigestFinal_ex(context_.get(), raw.data(), nullptr);
    std::string digest = "sha256:";
    for (const unsigned byte : raw) {
      digest += "0123456789abcdef"[byte / 16];
      digest += "0123456789abcdef"[byte % 16];
    }
    return digest;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_{EVP_MD_CTX_new(), EVP_MD_CTX_free};
};

struct Head {
  int status = 0;
  std::int64_t length = 0;
  std::string location;
  std::string_view body;  // what of the body came with the head; in the connection's buffer
};

// One thread's connection, its buffer and its hasher.
class Worker {
 public:
  explicit Worker(const Job& job) : job_(job), buffer_(kBuffer) {}
  ~Worker() {
    if (socket_ >= 0) ::close(socket_);
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void run(const Blob& blob) {
    if (job_.sha) sha_.begin();
    switch (job_.mode) {
      case Mode::get: get(blob); break;
      case Mode::put: put(blob); break;
      case Mode::hash: read_file(blob); break;
    }
    if (job_.sha && sha_.finish() != blob.digest) die("wrong content of " + blob.digest);
  }

 private:
  void connect() {
    if (socket_ >= 0) return;
    socket_ = check(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(job_.port);
    if (::inet_pton(AF_INET, job_.address.c_str(), &to.sin_addr) != 1) die("no IPv4 address: " + job_.address);
    check(::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to), "connect");
    const int on = 1;
    check(::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "setsockopt");
  }

  void send_head(const std::string& request, const std::string& headers, int flags) {
    const std::string head =
        request + " HTTP/1.1\r\nHost: " + job_.address + ':' + std::to_string(job_.port) + "\r\n" + headers + "\r\n";
    if (check(::send(socket_, head.data(), head.size(), flags | MSG_NOSIGNAL), "send") !=
        static_cast<ssize_t>(head.size())) {
      die("a request was sent in part");
    }
  }

  std::size_t receive(std::size_t at) {
    const ssize_t got = check(::recv(socket_, buffer_.data() + at, buffer_.size() - at, 0), "recv");
    if (got == 0) die("the server closed the connection");
    return static_cast<std::size_t>(got);
  }

  Head receive_head() {
    std::size_t have = 0;
    std::size_t end = std::string_view::npos;
    while (end == std::string_view::npos) {
      if (have == buffer_.size()) die("the head of an answer is too long");
      have += receive(have);
      end = std::string_view(buffer_.data(), have).find("\r\n\r\n");
    }
    const std::string_view all(buffer_.data(), have);
    const std::string_view text = all.substr(0, end + 2);
    Head head;
    head.status = std::atoi(std::string(text.substr(9, 3)).c_str());
    head.length = std::atoll(field(text, "content-length").c_str());
    head.location = field(text, "location");
    head.body = all.substr(end + 4);
    return head;
  }

  static std::string field(std::string_view head, std::string_view name) {
    const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
    for (std::size_t line = head.find("\r\n"); line + 2 < head.size(); line = head.find("\r\n", line + 2)) {
      const std::string_view rest = head.substr(line + 2);
      if (rest.size() <= name.size() || rest[name.size()] != ':') continue;
      if (!std::equal(name.begin(), name.end(), rest.begin(), [&](char a, char b) { return same(b, a); })) continue;
      const std::size_t value = rest.find_first_not_of(' ', name.size() + 1);
      return std::string(rest.substr(value, rest.find("\r\n") - value));
    }
    return {};
  }

  void get(const Blob& blob) {
    connect();
    send_head("GET /v2/" + blob.repository + "/blobs/" + blob.digest, "", 0);
    const Head head = receive_head();
    if (head.status != 200 || head.length != blob.size) {
      die(blob.digest + ": status " + std::to_string(head.status) + ", length " + std::to_string(head.length));
    }
    std::int64_t got = 0;
    take(head.body, blob.offset);
    got += static_cast<std::int64_t>(head.body.size());
    while (got < blob.size) {
      const std::size_t size = receive(0);
      take({buffer_.data(), size}, blob.offset + got);
      got += static_cast<std::int64_t>(size);
    }
  }

  void take(std::string_view data, std::int64_t offset) {
    if (job_.sha) sha_.update(data.data(), data.size());
    if (job_.file >= 0 &&
        check(::pwrite(job_.file, data.data(), data.size(), offset), "pwrite") != static_cast<ssize_t>(data.size())) {
      die("the disk took a part only");
    }
  }

  void put(const Blob& blob) {
    connect();
    send_head("POST /v2/" + job_.repository + "/blobs/uploads/", "Content-Length: 0\r\n", 0);
    const Head begun = receive_head();
    if (begun.status != 202) die("POST: status " + std::to_string(begun.status));
    if (job_.sha) read_file(blob);
    const std::string host = "http://" + job_.address + ':' + std::to_string(job_.port);
    const std::string path = begun.location.substr(begun.location.rfind(host, 0) == 0 ? host.size() : 0);
    const char joint = path.find('?') == std::string::npos ? '?' : '&';
    send_head("PUT " + path + joint + "digest=" + blob.digest,
              "Content-Type: application/octet-stream\r\nContent-Length: " + std::to_string(blob.size) + "\r\n",
              MSG_MORE);
    off_t offset = blob.offset;
    while (offset < blob.offset + blob.size) {
      const auto left = static_cast<std::size_t>(blob.offset + blob.size - offset);
      if (check(::sendfile(socket_, job_.file, &offset, left), "sendfile") == 0) die("the file is too short");
    }
    const Head done = receive_head();
    if (done.status != 201) die("PUT: status " + std::to_string(done.status));
  }

  void read_file(const Blob& blob) {
    for (std::int64_t done = 0; done < blob.size;) {
      const auto step = static_cast<std::size_t>(std::min<std::int64_t>(blob.size - done, kBuffer));
      const ssize_t got = check(::pread(job_.file, buffer_.data(), step, blob.offset + done), "pread");
      if (got == 0) die("the file is too short");
      sha_.update(buffer_.data(), static_cast<std::size_t>(got));
      done += got;
    }
  }

  const Job& job_;
  std::vector<char> buffer_;
  Sha256 sha_;
  int socket_ = -1;
};

std::vector<Blob> read_list(const std::string& path) {
  std::ifstream in(path);
  std::vector<Blob> blobs;
  Blob blob;
  while (in >> blob.repository >> blob.digest >> blob.size >> blob.offset) blobs.push_back(blob);
  if (blobs.empty()) die("no blobs in " + path);
  std::ranges::sort(blobs, std::ranges::greater{}, &Blob::size);  // big ones first, so that the tail is short
  return blobs;
}

void open_file(Job& job, const std::string& path) {
  const bool writing = job.mode == Mode::get;
  job.file = check(::open(path.c_str(), (writing ? O_RDWR | O_CREAT : O_RDONLY) | O_CLOEXEC, 0644), path.c_str());
  if (!writing) return;
  std::int64_t end = 0;
  for (const Blob& blob : job.blobs) end = std::max(end, blob.offset + blob.size);
  if (::posix_fallocate(job.file, 0, end) != 0) die("no room for " + path);
}

void run(const Job& job) {
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    Worker worker(job);
    for (std::size_t i = next++; i < job.blobs.size(); i = next++) worker.run(job.blobs[i]);
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < job.threads; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  if (job.sync) check(::fsync(job.file), "fsync");
}

Job parse(const std::vector<std::string>& words) {
  Job job;
  std::vector<std::string> plain;
  std::string file;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    const auto value = [&] { return i + 1 < words.size() ? words[++i] : (die(word + " needs a value"), word); };
    if (word == "--sha")
      job.sha = true;
    else if (word == "--sync")
      job.sync = true;
    else if (word == "--file")
      file = value();
    else if (word == "--to")
      job.repository = value();
    else if (word == "--threads")
      job.threads = static_cast<unsigned>(std::atoi(value().c_str()));
    else
      plain.push_back(word);
  }
  const std::string mode = plain.empty() ? "" : plain[0];
  if (plain.size() != (mode == "hash" ? 2U : 3U) || job.threads == 0) die("usage: see the head of floor.cpp");
  if (mode != "get" && mode != "put" && mode != "hash") die("no such mode: " + mode);
  job.mode = mode == "get" ? Mode::get : mode == "put" ? Mode::put : Mode::hash;
  job.sha = job.sha || job.mode == Mode::hash;
  job.blobs = read_list(plain.back());
  if (job.mode != Mode::hash) {
    const std::size_t colon = plain[1].rfind(':');
    job.address = plain[1].substr(0, colon);
    job.port = static_cast<std::uint16_t>(std::atoi(plain[1].substr(colon + 1).c_str()));
  }
  if (!file.empty())
    open_file(job, file);
  else if (job.mode != Mode::get || job.sync)
    die("needs --file");
  return job;
}

}  // namespace

int main(int argc, char** argv) {
  run(parse({argv + 1, argv + argc}));
  return 0;
}
