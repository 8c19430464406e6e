// What was called, in order, also across processes: lines are appended to one file.
#pragma once

#include <string>

namespace fake_attestation {

void Record(const std::string& entry);

}  // namespace fake_attestation
