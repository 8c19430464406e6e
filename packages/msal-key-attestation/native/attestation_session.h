// One attestation, from initialisation to its end, on every path.
#pragma once

#include "library_loader.h"  // <windows.h> first

#include <memory>
#include <optional>
#include <string>

#include "log_sink.h"

namespace msal_mi {

struct AttestationRequest {
  LibraryRequest library;
  std::string endpoint;
  std::string client_id;
  std::wstring provider_name;
  std::wstring key_name;
  bool is_machine_key = false;
};

// The library keeps one state per process: never two of these at once. The log bridge must outlive the process' last
// thread of the library. Throws Win32Error.
std::optional<std::string> RunAttestation(const LoadedLibrary& library, const AttestationRequest& request,
                                          LogBridge& bridge, std::shared_ptr<LogSink> log);

}  // namespace msal_mi
