// SPDX-License-Identifier: MIT
// Whatever settings are given, no file with an error is composed of them, and what one is checked
// for is the same each time.
// rooms: kx
#include "provisioning/profile/kx/compose.hpp"
#include "provisioning/profile/kx/effective.hpp"
#include "provisioning/profile/kx/lint.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

namespace kx = profile::kx;

void expect(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void lint_anything(std::string_view text) {
    for (const kx::Finding& finding : kx::lint(text)) {
        expect(!finding.code.empty() && !finding.what.empty() && !finding.section.empty());
        expect((finding.line == 0) == (finding.column == 0));
    }
    kx::lint_xml(text);
    const auto middle = text.size() / 2;
    kx::lint_phone({{"sip.cfg", std::string(text.substr(0, middle))},
                    {"Config0080f0123456.cfg", std::string(text.substr(middle))}});
}

void compose_anything(std::string_view text) {
    const auto composed = kx::compose(text);
    if (!composed) {
        expect(composed.error().what.rfind("line ", 0) == 0);
        return;
    }
    expect(composed->size() <= kx::comfortable_size);
    expect(kx::worst(kx::lint(*composed)) != kx::Severity::error);
    const auto again = kx::compose(*composed);
    expect(again && *again == *composed);
    expect(kx::effective({{"", *composed}}).size() == kx::effective({{"", *again}}).size());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    lint_anything(text);
    compose_anything(text);
    return 0;
}
