// SPDX-License-Identifier: MIT
// Renders an accepted template; the Mustache library is seen by render.cpp only.
#pragma once

#include "provisioning/base/result.hpp"
#include "provisioning/profile/guard.hpp"
#include "provisioning/profile/model.hpp"
#include "provisioning/profile/vendor.hpp"

#include <memory>
#include <string>
#include <vector>

namespace profile {

/// A template parsed once. Any thread may render it.
class Template {
  public:
    /// `pieces` as accept() gave them.
    static base::Result<Template> compile(const std::vector<Piece>& pieces, Format format);
    Template(Template&&) noexcept;
    Template& operator=(Template&&) noexcept;
    Template(const Template&) = delete;
    Template& operator=(const Template&) = delete;
    ~Template();

    /// Equal models give equal files.
    base::Result<std::string> render(const Model& model) const;

  private:
    struct State;
    explicit Template(std::unique_ptr<State> state);

    std::unique_ptr<State> state_;
};

} // namespace profile
