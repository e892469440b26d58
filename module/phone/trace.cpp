// SPDX-License-Identifier: MIT
#include "module/phone/trace.hpp"

#include <utility>

namespace phone {

Trace::Trace(Sink sink) : sink_(std::move(sink)), start_(std::chrono::steady_clock::now()) {}

void Trace::write(std::string_view text) {
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start_;
    sink_(fmt::format("{:7.3f} {}", passed.count(), text));
}

} // namespace phone
