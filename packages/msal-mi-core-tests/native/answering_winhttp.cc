// A WinHTTP that answers every request with "hello" in two pieces, a little late, on threads of its own.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <thread>

#include "fake_winhttp.h"

namespace {

// Long enough for what follows to be under way, short enough for a test.
constexpr std::chrono::milliseconds kAnswer{2};
// Like Wine: the operation in flight ends first. More than any takes here.
constexpr std::chrono::milliseconds kLetGo{20};

struct Request : fake::Handle {
  std::string body = "hello";
};

BOOL Later(std::chrono::milliseconds after, std::function<void()> work) {
  std::thread([after, work = std::move(work)] {
    std::this_thread::sleep_for(after);
    work();
  }).detach();
  return TRUE;
}

BOOL Report(fake::Handle& handle, DWORD status) {
  return Later(kAnswer, [&handle, status] { handle.Report(status); });
}

class Answering final : public fake::WinHttp {
 public:
  fake::Handle* Open() override { return new Request; }
  fake::Handle* OpenRequest() override { return new Request; }
  BOOL QueryCertificate(PCCERT_CONTEXT* out) override {
    static BYTE der[] = {0x30, 0};
    static const CERT_CONTEXT certificate{1, der, sizeof(der), nullptr};
    *out = &certificate;
    return TRUE;
  }
  BOOL GetChain(const CERT_CHAIN_PARA&, DWORD, PCCERT_CHAIN_CONTEXT* out) override {
    static const CERT_CHAIN_CONTEXT chain{};
    *out = &chain;
    return TRUE;
  }

  BOOL Send(fake::Handle& handle, DWORD) override {
    return Later(kAnswer, [&handle] {
      handle.Report(WINHTTP_CALLBACK_STATUS_SENDING_REQUEST);
      handle.Report(WINHTTP_CALLBACK_STATUS_SENDREQUEST_COMPLETE);
    });
  }
  BOOL Write(fake::Handle& handle, const std::string&) override {
    return Report(handle, WINHTTP_CALLBACK_STATUS_WRITE_COMPLETE);
  }
  BOOL Receive(fake::Handle& handle) override { return Report(handle, WINHTTP_CALLBACK_STATUS_HEADERS_AVAILABLE); }
  BOOL Query(fake::Handle& handle) override {
    return Later(kAnswer, [&handle] {
      DWORD available = static_cast<DWORD>(std::min<std::size_t>(static_cast<Request&>(handle).body.size(), 3));
      handle.Report(WINHTTP_CALLBACK_STATUS_DATA_AVAILABLE, &available, sizeof(available));
    });
  }
  BOOL Read(fake::Handle& handle, BYTE* out, DWORD size) override {
    return Later(kAnswer, [&handle, out, size] {
      std::string& body = static_cast<Request&>(handle).body;
      std::memcpy(out, body.data(), size);
      body.erase(0, size);
      handle.Report(WINHTTP_CALLBACK_STATUS_READ_COMPLETE, out, size);
    });
  }
  void Close(fake::Handle& handle) override {
    Later(kLetGo, [&handle] {
      if (handle.callback != nullptr) handle.Report(WINHTTP_CALLBACK_STATUS_HANDLE_CLOSING);
      delete static_cast<Request*>(&handle);
    });
  }
  bool Submit(void (*work)(void*) noexcept, void* context) override {
    std::thread(work, context).detach();
    return true;
  }
};

}  // namespace

namespace msal_mi {

const WinHttpApi& SystemWinHttp() {
  // Never destroyed: its threads may outlive anything.
  static const bool is_installed = (fake::Install(new Answering), true);
  (void)is_installed;
  return fake::Api();
}

}  // namespace msal_mi
