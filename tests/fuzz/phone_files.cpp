// SPDX-License-Identifier: MIT
// Any bytes as what pnp-phone is given: a configuration file, items, a DHCP option, a dial plan and
// what is keyed.
// rooms: phone
#include "module/phone/dial_plan.hpp"
#include "module/phone/openstage.hpp"
#include "module/phone/panasonic_file.hpp"
#include "module/phone/wpi_message.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    for (const auto bad_line : {phone::BadLine::refuses_file, phone::BadLine::is_left_out}) {
        const auto read = phone::read_panasonic_file(text, bad_line);
        const auto file = std::string(phone::panasonic_signature) + "\r\n" + std::string(text);
        const auto signed_file = phone::read_panasonic_file(file, bad_line);
        if ((!read && read.error().what.empty()) ||
            (!signed_file && signed_file.error().what.empty())) {
            std::abort();
        }
    }
    (void)phone::read_words(text);
    (void)phone::read_option43(text);
    const auto line = std::min(text.find('\n'), std::min<std::size_t>(size, 500));
    const phone::DialRules rules{std::string(text.substr(0, line))};
    if (phone::is_dial_plan(rules.plan)) {
        (void)phone::dial(rules, text.substr(std::min(line + 1, size), 40));
    }
    return 0;
}
