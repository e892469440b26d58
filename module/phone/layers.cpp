// SPDX-License-Identifier: MIT
// Which file's value counts, and what the files weigh together.
#include "module/phone/layers.hpp"

#include <algorithm>

namespace phone {

bool Layers::is_fresh() const noexcept {
    return boot.bytes + bytes() == 0;
}

std::size_t Layers::bytes() const noexcept {
    return master.bytes + product.bytes + standard.bytes;
}

Values Layers::merged() const {
    Values all;
    for (const auto& [name, layer] : by_name(*this)) {
        for (const auto& [parameter, value] : layer->values) {
            all.insert_or_assign(parameter, value);
        }
    }
    return all;
}

} // namespace phone
