// SPDX-License-Identifier: MIT
// What a template may name: the values, flags and lists of one phone, raw and by name.
#pragma once

#include "provisioning/base/result.hpp"
#include "provisioning/profile/catalogue.hpp"
#include "provisioning/profile/vendor.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace profile {

/// Every name is always there, whatever its value; so one model declares the names of all.
struct Model {
    std::map<std::string, std::string, std::less<>> values;
    std::map<std::string, bool, std::less<>> flags;
    std::map<std::string, std::vector<Model>, std::less<>> lists;

    bool knows(std::string_view name) const {
        return values.count(name) + flags.count(name) + lists.count(name) != 0;
    }
};

/// Refused: more accounts than the vendor's phones have lines, and values that no file can carry.
/// `machine_zone` stands in where the site names no time zone.
base::Result<Model>
model_of(const Vendor& vendor, const Facts& facts, std::string_view machine_zone);

/// The same without lines and all that belongs to them, for files without secrets of the PBX; and
/// with the minutes after which the phone asks again.
base::Result<Model>
bare_model_of(const Vendor& vendor, const Facts& facts, std::string_view machine_zone);

using MakeModel = base::Result<Model> (*)(const Vendor&, const Facts&, std::string_view);

/// A model whose lists all have an entry: what the guard measures templates by.
Model example_model(const Vendor& vendor);
Model example_bare_model(const Vendor& vendor);

} // namespace profile
