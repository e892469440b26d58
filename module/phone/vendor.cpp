// SPDX-License-Identifier: MIT
// The makers whose phones are played.
#include "module/phone/vendor.hpp"

#include "module/phone/htek.hpp"
#include "module/phone/openstage.hpp"
#include "module/phone/panasonic.hpp"
#include "provisioning/base/text.hpp"

#include <array>

namespace phone {

namespace {

/// A new vendor joins here.
const std::array<const Vendor*, 3>& vendors() {
    static const std::array<const Vendor*, 3> all{&htek(), &panasonic(), &openstage()};
    return all;
}

} // namespace

const Vendor* find_vendor(std::string_view name) noexcept {
    for (const auto* vendor : vendors()) {
        if (base::iequals(vendor->name, name)) {
            return vendor;
        }
    }
    return nullptr;
}

std::string text_of(const Values& values, std::string_view name, std::string_view otherwise) {
    const auto found = values.find(std::string(name));
    return std::string(found == values.end() ? otherwise : found->second);
}

std::uint64_t number_of(const Values& values, std::string_view name, std::uint64_t otherwise) {
    return base::parse_number(text_of(values, name)).value_or(otherwise);
}

std::vector<std::string_view> vendor_names() {
    std::vector<std::string_view> names;
    for (const auto* vendor : vendors()) {
        names.push_back(vendor->name);
    }
    return names;
}

} // namespace phone
