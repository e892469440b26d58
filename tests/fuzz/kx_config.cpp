// SPDX-License-Identifier: MIT
// Whatever settings are given, no file with an error is composed of them, and what one is checked
// for is the same each time.
// rooms: kx
#include "provisioning/profile/kx/compose.hpp"
#include "provisioning/profile/kx/effective.hpp"
#include "provisioning/profile/kx/lint.hpp"
#include "provisioning/profile/kx/numbers.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace kx = profile::kx;

void expect(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void expect_whole(const std::vector<kx::Finding>& findings) {
    for (const kx::Finding& finding : findings) {
        expect(!finding.code.empty() && !finding.what.empty() && !finding.section.empty());
        expect((finding.line == 0) == (finding.column == 0));
    }
}

void lint_anything(std::string_view text) {
    expect_whole(kx::lint(text));
    expect_whole(kx::lint_xml(text));
    expect_whole(
        kx::lint_xml("<?xml version=\"1.0\" encoding=\"utf-8\"?><PANASipPhoneConfig><Dev>" +
                     std::string(text) + "</Dev></PANASipPhoneConfig>"));
    const auto middle = text.size() / 2;
    const std::vector<kx::NamedFile> files{
        {"sip.cfg", std::string(text.substr(0, middle))},
        {"Config0080f0123456.cfg", std::string(text.substr(middle))}};
    expect_whole(kx::lint_phone(files));
    expect_whole(kx::check_numbers(files, {"201", "12#3", "00441", "x"}));
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
