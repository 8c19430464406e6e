// Stands in for the Win32 layer where there is no Windows: the exports can then be built and run under the sanitizers.
#include "win32/winhttp_api.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <new>
#include <stdexcept>
#include <system_error>
#include <thread>

#include <win32_error.h>

#include "win32/certificate_store.h"
#include "win32/client_certificate.h"
#include "win32/file_lock.h"
#include "win32/ncrypt_key.h"
#include "win32/pin_module.h"

namespace msal_mi {
namespace {

constexpr std::uint32_t kNoKey = 0x80090016;

void Check(const NamedKey& key) {
  if (key.key_name == u"missing") throw Win32Error("NCryptOpenKey", kNoKey);
  if (key.key_name == u"no-memory") throw std::bad_alloc();
  if (key.key_name == u"foreign") throw 42;
  if (key.key_name == u"broken") throw std::runtime_error("not a Win32Error");
}

struct StubCertificate final : ClientCertificate {
  CERT_CONTEXT certificate{};
  const void* context() const noexcept override { return &certificate; }
};

class StubLock final : public FileLock, public std::enable_shared_from_this<StubLock> {
 public:
  void Start(bool busy, std::uint32_t timeout_ms, Settled settled) {
    std::thread([self = shared_from_this(), busy, timeout_ms, settled = std::move(settled)] {
      std::unique_lock<std::mutex> lock(self->mutex_);
      const auto released = [&] { return self->released_; };
      if (busy) {
        const bool given_up = self->changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms), released);
        settled(given_up ? LockOutcome::kCancelled : LockOutcome::kBusy, nullptr, 0);
        return;
      }
      settled(LockOutcome::kAcquired, nullptr, 0);
      self->changed_.wait(lock, released);
    }).detach();
  }
  void Release() noexcept override {
    const std::lock_guard<std::mutex> lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool released_ = false;
};

}  // namespace

KeyProbe ProbeKey(const NamedKey& key) {
  Check(key);
  return {{std::vector<std::uint8_t>(256, 1), {1, 0, 1}}, {1, 0, 0, 0}, true};
}
KeyProbe CreateIsolatedKey(const NamedKey& key, std::uint32_t bits) {
  Check(key);
  return {{std::vector<std::uint8_t>(bits / 8, 2), {1, 0, 1}}, {1, 0, 0, 0}, true};
}
std::vector<std::uint8_t> SignPssSha256(const NamedKey& key, const RsaPublicKey& expected,
                                        const std::vector<std::uint8_t>& digest) {
  Check(key);
  std::vector<std::uint8_t> signature = expected.modulus;
  signature.insert(signature.end(), digest.begin(), digest.end());
  return signature;
}
bool SupportsIsolatedKeys(const NamedKey&) { return true; }

std::vector<StoreEntry> ListCertificates(const std::u16string& prefix) {
  return {{{1, 2, 3}, prefix + u"\u00e9\U0001F511", u"key"}, {{}, prefix, u""}};
}
void AddCertificate(const std::vector<std::uint8_t>&, const std::u16string&, const NamedKey& key) { Check(key); }
std::uint32_t DeleteCertificates(const std::u16string&, const std::vector<std::vector<std::uint8_t>>& certificates) {
  return static_cast<std::uint32_t>(certificates.size());
}
std::shared_ptr<const ClientCertificate> BindClientCertificate(const std::vector<std::uint8_t>&, const NamedKey& key) {
  Check(key);
  return std::make_shared<StubCertificate>();
}

std::shared_ptr<FileLock> FileLock::Acquire(std::u16string name, std::uint32_t timeout_ms, Settled settled) {
  if (name == u"refused") throw Win32Error("CreateEventW", 8);
  if (name == u"no-thread") throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again));
  if (name == u"fails") {
    settled(LockOutcome::kBusy, "LockFileEx", 5);
    return std::make_shared<StubLock>();
  }
  auto file = std::make_shared<StubLock>();
  file->Start(name == u"busy", timeout_ms, std::move(settled));
  return file;
}

void PinModule() noexcept {}

}  // namespace msal_mi
