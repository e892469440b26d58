// SPDX-License-Identifier: MIT
// Tries a template on sample phones, so that a bad one is refused at load and not on a phone.
#pragma once

#include "provisioning/base/result.hpp"
#include "provisioning/profile/guard.hpp"
#include "provisioning/profile/model.hpp"
#include "provisioning/profile/render.hpp"
#include "provisioning/profile/vendor.hpp"

#include <vector>

namespace profile {

/// Renders for phones with no, one and all lines, with every transport and switch, and with
/// awkward characters in every value; the result must pass the format's checker. The error reads
/// "FILE:LINE:COLUMN: …" and points into the template. `make` is model_of or bare_model_of.
base::Status prove(const Vendor& vendor,
                   const ChainStep& step,
                   const std::vector<Piece>& pieces,
                   const Template& ready,
                   MakeModel make);

/// A template that passed prove().
struct Proof {
    const ChainStep* step = nullptr;
    const std::vector<Piece>* pieces = nullptr;
    const Template* ready = nullptr;
};

/// All KX files that one phone loads, from weak to strong: gives their largest sum in bytes, and
/// refuses one that a phone would not take (guide §5.2.1). What the checker has doubts about is
/// told in the log, with its place in the template and no value.
base::Result<std::size_t> prove_together(const Vendor& vendor, const std::vector<Proof>& proofs);

} // namespace profile
