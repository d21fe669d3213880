// The floor: the least that a client can do to move blobs over http or https, with kept connections and no library but
// OpenSSL.
//
//   floor get ADDRESS:PORT LIST [--file PATH] [--sync]      fetch every blob; discard it, or write it at its offset
//   floor put ADDRESS:PORT LIST --file PATH --to REPOSITORY POST and PUT every blob from its offset
//   floor hash LIST --file PATH                             hash every blob where it lies in the file
//
// All take --threads N (default 1), --sha (check a blob in the same pass) and --tls. LIST has one line a blob:
// repository, digest, size, offset. A line with a fifth word, its type, is a manifest; with "back" as its sixth word,
// put reads it instead. What comes after the line "then" waits for what comes before, as who must read a manifest to
// know what there is. --sync writes the file to the disk before the end. It knows of no tags, and of no errors but
// fatal ones: whatever a real client does more is measured against this.

#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <cctype>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "floor_connection.hpp"
#include "floor_job.hpp"

namespace {

constexpr std::size_t kBuffer = 256 * 1024;

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

// What one thread has: a connection, a buffer and a hasher.
class Worker {
 public:
  explicit Worker(const Job& job) : job_(job), connection_(job), buffer_(kBuffer) {}

  void connect() { connection_.open(); }

  void run(const Blob& blob) {
    if (job_.sha) sha_.begin();
    switch (job_.mode) {
      case Mode::get: get(blob, blob.repository); break;
      case Mode::put:
        if (blob.is_read_back) {
          get(blob, job_.repository);
        } else {
          blob.manifest_type.empty() ? put(blob) : put_manifest(blob);
        }
        break;
      case Mode::hash: read_file(blob, false); break;
    }
    if (job_.sha && sha_.finish() != blob.digest) die("wrong content of " + blob.digest);
  }

 private:
  void send_head(const std::string& request, const std::string& headers, bool body_follows) {
    const std::string host = job_.address + ':' + std::to_string(job_.port);
    connection_.send(request + " HTTP/1.1\r\nHost: " + host + "\r\n" + headers + "\r\n", body_follows);
  }

  std::size_t receive(std::size_t at) { return connection_.receive(buffer_.data() + at, buffer_.size() - at); }

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
    const auto same = [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); };
    for (std::size_t line = head.find("\r\n"); line + 2 < head.size(); line = head.find("\r\n", line + 2)) {
      const std::string_view rest = head.substr(line + 2);
      if (rest.size() <= name.size() || rest[name.size()] != ':') continue;
      if (!std::equal(name.begin(), name.end(), rest.begin(), same)) continue;
      const std::size_t value = rest.find_first_not_of(' ', name.size() + 1);
      return std::string(rest.substr(value, rest.find("\r\n") - value));
    }
    return {};
  }

  void get(const Blob& blob, const std::string& repository) {
    connection_.open();
    if (blob.manifest_type.empty()) {
      send_head("GET /v2/" + repository + "/blobs/" + blob.digest, "", false);
    } else {
      const std::string accept = "Accept: " + blob.manifest_type + "\r\n";
      send_head("GET /v2/" + repository + "/manifests/" + blob.digest, accept, false);
    }
    const Head head = receive_head();
    if (head.status != 200 || head.length != blob.size) {
      die(blob.digest + ": status " + std::to_string(head.status) + ", length " + std::to_string(head.length));
    }
    take(head.body, blob.offset);
    auto got = static_cast<std::int64_t>(head.body.size());
    while (got < blob.size) {
      std::size_t size = 0;
      while (size < buffer_.size() && got + static_cast<std::int64_t>(size) < blob.size) size += receive(size);
      take({buffer_.data(), size}, blob.offset + got);
      got += static_cast<std::int64_t>(size);
    }
  }

  void take(std::string_view data, std::int64_t offset) {
    if (job_.sha) sha_.update(data.data(), data.size());
    if (job_.mode == Mode::get && job_.file >= 0 &&
        check(::pwrite(job_.file, data.data(), data.size(), offset), "pwrite") != static_cast<ssize_t>(data.size())) {
      die("the disk took a part only");
    }
  }

  void put(const Blob& blob) {
    connection_.open();
    send_head("POST /v2/" + job_.repository + "/blobs/uploads/", "Content-Length: 0\r\n", false);
    const Head begun = receive_head();
    if (begun.status != 202) die("POST: status " + std::to_string(begun.status));
    if (job_.sha && !job_.tls) read_file(blob, false);
    const std::string scheme = job_.tls ? "https://" : "http://";
    const std::string host = scheme + job_.address + ':' + std::to_string(job_.port);
    const std::string path = begun.location.substr(begun.location.rfind(host, 0) == 0 ? host.size() : 0);
    const char joint = path.find('?') == std::string::npos ? '?' : '&';
    send_body("PUT " + path + joint + "digest=" + blob.digest, "application/octet-stream", blob);
  }

  void put_manifest(const Blob& blob) {
    connection_.open();
    if (job_.sha && !job_.tls) read_file(blob, false);
    send_body("PUT /v2/" + job_.repository + "/manifests/" + blob.digest, blob.manifest_type, blob);
  }

  void send_body(const std::string& request, const std::string& type, const Blob& blob) {
    const std::string length = std::to_string(blob.size);
    send_head(request, "Content-Type: " + type + "\r\nContent-Length: " + length + "\r\n", true);
    // What is encrypted passes through here anyway; what is not need not.
    if (job_.tls) {
      read_file(blob, true);
    } else {
      connection_.send_file(job_.file, blob.offset, blob.size);
    }
    const Head done = receive_head();
    if (done.status != 201) die(request + ": status " + std::to_string(done.status));
  }

  // Hashes a blob where it lies in the file, and sends it at the same time if it should be.
  void read_file(const Blob& blob, bool send) {
    for (std::int64_t done = 0; done < blob.size;) {
      const auto step = static_cast<std::size_t>(std::min<std::int64_t>(blob.size - done, kBuffer));
      const ssize_t got = check(::pread(job_.file, buffer_.data(), step, blob.offset + done), "pread");
      if (got == 0) die("the file is too short");
      const std::string_view data(buffer_.data(), static_cast<std::size_t>(got));
      if (job_.sha) sha_.update(data.data(), data.size());
      if (send) connection_.send(data);
      done += got;
    }
  }

  const Job& job_;
  Connection connection_;
  std::vector<char> buffer_;
  Sha256 sha_;
};

// Says how long it took, in the words of ociferry's --json.
void sync(const Job& job) {
  const auto begin = std::chrono::steady_clock::now();
  check(::fsync(job.file), "fsync");
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("{\"syncSeconds\": %.3f}\n", took.count());
}

void run(const Job& job) {
  std::vector<std::atomic<std::size_t>> next(job.steps.size());
  std::barrier end_of_step(job.threads);
  const auto work = [&] {
    Worker worker(job);
    if (job.steps.size() > 1) worker.connect();  // who gets a later step must not begin with that
    for (std::size_t step = 0; step < job.steps.size(); ++step) {
      const std::vector<Blob>& blobs = job.steps[step];
      for (std::size_t i = next[step]++; i < blobs.size(); i = next[step]++) worker.run(blobs[i]);
      end_of_step.arrive_and_wait();
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < job.threads; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  if (job.sync) sync(job);
}

}  // namespace

int main(int argc, char** argv) {
  run(parse({argv + 1, argv + argc}));
  return 0;
}
