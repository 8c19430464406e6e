#include "settings.h"

#include <windows.h>

#include <cstdlib>

namespace fake_attestation {

std::string Setting(const char* name) {
  char value[1024];
  const DWORD length = ::GetEnvironmentVariableA(name, value, sizeof(value));
  return length < sizeof(value) ? std::string(value, length) : std::string();
}

int NumberSetting(const char* name) { return std::atoi(Setting(name).c_str()); }

}  // namespace fake_attestation
