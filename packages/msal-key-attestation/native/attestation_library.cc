#include "attestation_library.h"

#include <map>
#include <mutex>

#include <kernel_handle.h>
#include <ncrypt_handles.h>
#include <win32_error.h>

namespace msal_mi {
namespace {

// The library's interface: cdecl, 8-bit strings.
extern "C" {
using LogFunction = void(__cdecl*)(void* context, char* tag, int level, char* function, int line, char* message);
struct AttestationLogInfo {
  LogFunction log;
  void* context;
};
using InitFunction = int(__cdecl*)(AttestationLogInfo*);
using AttestFunction = int(__cdecl*)(char* endpoint, char* auth_token, char* client_payload, NCRYPT_KEY_HANDLE key,
                                     char** token, char* client_id);
using FreeFunction = void(__cdecl*)(char*);
using UninitFunction = void(__cdecl*)();
}

struct LoadedLibrary {
  LibrarySignature signature;
  InitFunction init = nullptr;
  AttestFunction attest = nullptr;
  FreeFunction free_token = nullptr;
  UninitFunction uninit = nullptr;
};

// The library keeps its state per process, so the lock that guards it and the end of its log callback belong to the
// process as well, and not to one Node environment. Never destroyed: the library's threads may outlive anything.
struct Process {
  std::mutex loading;
  std::map<std::wstring, LoadedLibrary> libraries;  // elements keep their address
  std::mutex attesting;
  LogBridge log;
  AttestationLogInfo log_info{};
};

Process& TheProcess() {
  static auto* process = new Process;
  return *process;
}

struct ModuleTraits {
  using Raw = HMODULE;
  static void close(Raw module) noexcept { ::FreeLibrary(module); }
};
using UniqueModule = UniqueHandle<ModuleTraits>;

// A damaged DLL must not open a message box on a server.
class QuietLoader {
 public:
  QuietLoader() { ::SetThreadErrorMode(SEM_FAILCRITICALERRORS | SEM_NOOPENFILEERRORBOX, &former_); }
  QuietLoader(const QuietLoader&) = delete;
  QuietLoader& operator=(const QuietLoader&) = delete;
  ~QuietLoader() { ::SetThreadErrorMode(former_, nullptr); }

 private:
  DWORD former_ = 0;
};

// Nobody can write to the file while it is open like this.
UniqueKernelHandle OpenForReading(const std::wstring& path) {
  const HANDLE file = ::CreateFileW(path.c_str(), GENERIC_READ, FILE_SHARE_READ, nullptr, OPEN_EXISTING,
                                    FILE_ATTRIBUTE_NORMAL, nullptr);
  if (file == INVALID_HANDLE_VALUE) throw Win32Error("CreateFileW", ::GetLastError());
  return UniqueKernelHandle(file);
}

void RequireSignature(const LibraryRequest& request, const LibrarySignature& signature) {
  if (!request.require_signature) return;
  ThrowIfFailed("WinVerifyTrust", signature.status);
  const bool is_other_signer = !request.required_signer.empty() && signature.signer != request.required_signer;
  if (is_other_signer) throw Win32Error("CertGetNameStringW", static_cast<std::uint32_t>(CERT_E_CN_NO_MATCH));
}

template <typename Function>
Function Export(HMODULE module, const char* name) {
  const FARPROC address = ::GetProcAddress(module, name);
  if (address == nullptr) throw Win32Error("GetProcAddress", ::GetLastError());
  // By way of void*: the types of the two function pointers have nothing in common.
  return reinterpret_cast<Function>(reinterpret_cast<void*>(address));
}

LoadedLibrary Load(const LibraryRequest& request, std::optional<LibrarySignature>& signature) {
  const UniqueKernelHandle file = OpenForReading(request.path);
  LoadedLibrary library;
  library.signature = VerifySignature(request.path, file.get());
  signature = library.signature;
  RequireSignature(request, library.signature);

  const QuietLoader quiet;
  UniqueModule module(
      ::LoadLibraryExW(request.path.c_str(), nullptr, LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR | LOAD_LIBRARY_SEARCH_SYSTEM32));
  if (!module) throw Win32Error("LoadLibraryExW", ::GetLastError());
  library.init = Export<InitFunction>(module.get(), "InitAttestationLib");
  library.attest = Export<AttestFunction>(module.get(), "AttestKeyGuardImportKey");
  library.free_token = Export<FreeFunction>(module.get(), "FreeAttestationToken");
  library.uninit = Export<UninitFunction>(module.get(), "UninitAttestationLib");
  (void)module.release();  // stays loaded
  return library;
}

const LoadedLibrary& OpenedLibrary(const LibraryRequest& request, std::optional<LibrarySignature>& signature) {
  Process& process = TheProcess();
  const std::lock_guard<std::mutex> lock(process.loading);
  const auto known = process.libraries.find(request.path);
  if (known == process.libraries.end()) {
    return process.libraries.emplace(request.path, Load(request, signature)).first->second;
  }
  signature = known->second.signature;
  RequireSignature(request, known->second.signature);
  return known->second;
}

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

std::string Text(const char* text) { return text == nullptr ? std::string() : std::string(text); }

// Called by the library, from any of its threads. Nothing may be thrown through it.
void __cdecl OnLogLine(void* context, char* tag, int level, char* function, int line, char* message) {
  try {
    const std::shared_ptr<LogSink> sink = static_cast<LogBridge*>(context)->sink();
    if (sink) sink->Write({level, Text(tag), Text(function), line, Text(message)});
  } catch (const std::exception&) {
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

void OpenLibrary(const LibraryRequest& request, std::optional<LibrarySignature>& signature) {
  OpenedLibrary(request, signature);
}

std::optional<std::string> AttestKey(const AttestationRequest& request, std::shared_ptr<LogSink> log) {
  std::optional<LibrarySignature> signature;
  const LoadedLibrary& library = OpenedLibrary(request.library, signature);
  const OpenedKey opened = OpenKey(request);

  Process& process = TheProcess();
  const std::lock_guard<std::mutex> one_at_a_time(process.attesting);
  const AttachedLog attached(process.log, std::move(log));
  process.log_info = {OnLogLine, &process.log};
  const InitializedLibrary initialized(library, process.log_info);

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
