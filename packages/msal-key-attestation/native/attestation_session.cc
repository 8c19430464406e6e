#include "attestation_session.h"

#include <string_view>
#include <utility>

#include <ncrypt_handles.h>
#include <win32_error.h>

namespace msal_mi {
namespace {

// Of each part of a log line. More says nothing to a reader, and a library in trouble logs whole answers.
constexpr std::size_t kMostTextBytes = std::size_t{8} * 1024;

struct OpenedKey {
  UniqueNCryptProvider provider;  // closed after the key
  UniqueNCryptKey key;
};

OpenedKey OpenKey(const AttestationRequest& request) {
  OpenedKey opened;
  ThrowIfFailed("NCryptOpenStorageProvider",
                ::NCryptOpenStorageProvider(opened.provider.out(), request.provider_name.c_str(), 0));
  const DWORD flags = NCRYPT_SILENT_FLAG | (request.is_machine_key ? NCRYPT_MACHINE_KEY_FLAG : 0);
  ThrowIfFailed("NCryptOpenKey",
                ::NCryptOpenKey(opened.provider.get(), opened.key.out(), request.key_name.c_str(), 0, flags));
  return opened;
}

// The length is looked for no further than is kept.
std::string Text(const char* text) {
  if (text == nullptr) return {};
  std::size_t length = 0;
  while (length < kMostTextBytes && text[length] != '\0') ++length;
  return std::string(text, length);
}

// Called by the library, from any of its threads. Nothing may be thrown through it.
void __cdecl OnLogLine(void* context, char* tag, int level, char* function, int line, char* message) noexcept {
  try {
    const std::shared_ptr<LogSink> sink = static_cast<LogBridge*>(context)->sink();
    if (sink) sink->Write({level, Text(tag), Text(function), line, Text(message)});
  } catch (...) {
    // Out of memory: the line is lost.
  }
}

class AttachedLog {
 public:
  AttachedLog(LogBridge& bridge, std::shared_ptr<LogSink> sink) : bridge_(bridge) { bridge_.Attach(std::move(sink)); }
  AttachedLog(const AttachedLog&) = delete;
  AttachedLog& operator=(const AttachedLog&) = delete;
  ~AttachedLog() { bridge_.Detach(); }

 private:
  LogBridge& bridge_;
};

// Initialised from construction to destruction. A failed initialisation is not uninitialised.
class InitializedLibrary {
 public:
  InitializedLibrary(const LoadedLibrary& library, AttestationLogInfo& log) : library_(library) {
    ThrowIfFailed("InitAttestationLib", library_.init(&log));
  }
  InitializedLibrary(const InitializedLibrary&) = delete;
  InitializedLibrary& operator=(const InitializedLibrary&) = delete;
  ~InitializedLibrary() { library_.uninit(); }

 private:
  const LoadedLibrary& library_;
};

// A token of the library's making, wiped and given back to it on every path.
class LibraryToken {
 public:
  explicit LibraryToken(const LoadedLibrary& library) : library_(library) {}
  LibraryToken(const LibraryToken&) = delete;
  LibraryToken& operator=(const LibraryToken&) = delete;
  ~LibraryToken() {
    if (text_ == nullptr) return;
    ::SecureZeroMemory(text_, std::string_view(text_).size());
    library_.free_token(text_);
  }

  char** out() noexcept { return &text_; }
  std::optional<std::string> Copy() const {
    return text_ == nullptr ? std::nullopt : std::optional<std::string>(text_);
  }

 private:
  const LoadedLibrary& library_;
  char* text_ = nullptr;
};

}  // namespace

std::optional<std::string> RunAttestation(const LoadedLibrary& library, const AttestationRequest& request,
                                          LogBridge& bridge, std::shared_ptr<LogSink> log) {
  const OpenedKey opened = OpenKey(request);
  const AttachedLog attached(bridge, std::move(log));
  // The library may keep the pointer for as long as its threads live.
  static AttestationLogInfo log_info{};
  log_info = {OnLogLine, &bridge};
  const InitializedLibrary initialized(library, log_info);

  // Writable copies: the library's signature promises nothing.
  std::string endpoint = request.endpoint;
  std::string client_id = request.client_id;
  std::string no_auth_token;
  std::string empty_payload = "{}";  // the library rejects a null payload
  LibraryToken token(library);
  ThrowIfFailed("AttestKeyGuardImportKey", library.attest(endpoint.data(), no_auth_token.data(), empty_payload.data(),
                                                          opened.key.get(), token.out(), client_id.data()));
  return token.Copy();
}

}  // namespace msal_mi
