// SPDX-License-Identifier: MIT
// Only a phone of the interface's own network is answered.
#include "pnp/reach.hpp"

#include "pnp/params.hpp"

#include <gtest/gtest.h>

namespace pnp {
namespace {

base::Endpoint at(const char* text) {
    return base::Endpoint::parse(text).value();
}

Row row(int index, const char* network, bool loopback = false) {
    const std::string text = network;
    const auto slash = text.find('/');
    return {{index, loopback ? "lo" : "eth" + std::to_string(index),
             base::Ipv4::parse(text.substr(0, slash)).value(), std::stoi(text.substr(slash + 1)),
             loopback, true},
            5059};
}

TEST(RowFor, AnswersThePhonesOfTheInterfaceOnly) {
    const std::vector<Row> rows{row(2, "192.168.0.240/23"), row(3, "10.1.0.1/16")};
    EXPECT_EQ(row_for(rows, 2, at("192.168.1.89:60000")), &rows[0]); // wider than /24
    EXPECT_EQ(row_for(rows, 3, at("10.1.255.7:5060")), &rows[1]);
    EXPECT_EQ(row_for(rows, 2, at("10.1.255.7:5060")), nullptr);
    EXPECT_EQ(row_for(rows, 2, at("192.168.2.89:60000")), nullptr);
    EXPECT_EQ(row_for(rows, 4, at("192.168.1.89:60000")), nullptr);
}

TEST(RowFor, AnswersNoAddressThatIsNotOnePhone) {
    const std::vector<Row> rows{row(2, "192.168.0.240/24"), row(3, "10.1.0.1/16"),
                                row(4, "0.0.0.1/0")};
    for (const char* source :
         {"0.0.0.0:5060",
          "192.168.0.240:5060", // our own
          "10.1.0.1:5060",      // our own, of another interface
          "192.168.0.255:5060", // broadcast
          "192.168.0.0:5060",   // its old form
          "255.255.255.255:5060", "224.0.1.75:5060", "240.0.0.1:5060", "192.168.0.7:0"}) {
        for (const int index : {2, 3}) {
            EXPECT_EQ(row_for(rows, index, at(source)), nullptr) << source << " on " << index;
        }
    }
    for (const char* source : {"0.0.0.7:5060", "240.0.0.1:5060", "224.0.1.75:5060"}) {
        EXPECT_EQ(row_for(rows, 4, at(source)), nullptr) << source;
    }
    EXPECT_NE(row_for(rows, 4, at("198.51.100.1:5060")), nullptr);
}

TEST(RowFor, TakesTheAddressWhoseNetworkHoldsThePhone) {
    const std::vector<Row> rows{row(2, "10.0.0.1/8"), row(2, "10.2.0.1/16"),
                                row(2, "192.168.0.1/24")};
    EXPECT_EQ(row_for(rows, 2, at("192.168.0.7:5060")), &rows[2]);
    EXPECT_EQ(row_for(rows, 2, at("10.2.0.7:5060")), &rows[1]);
    EXPECT_EQ(row_for(rows, 2, at("10.3.0.7:5060")), &rows[0]);
}

TEST(RowFor, AnswersAPointToPointNeighbour) {
    const std::vector<Row> rows{row(2, "10.0.0.0/31")};
    EXPECT_EQ(row_for(rows, 2, at("10.0.0.1:5060")), &rows[0]);
}

TEST(RowFor, AllowsOurOwnAddressOnTheLoopback) {
    const std::vector<Row> rows{row(1, "127.0.0.1/8", true)};
    EXPECT_EQ(row_for(rows, 1, at("127.0.0.1:40000")), &rows[0]);
    EXPECT_EQ(row_for(rows, 1, at("127.0.0.99:40000")), &rows[0]);
    EXPECT_EQ(row_for(rows, 1, at("10.0.0.1:40000")), nullptr);
}

TEST(Params, AreReadAsPhonesWriteThem) {
    const std::string_view text = "ua-profile ; a = \"x;\\\"y\" ;b='c d';e;f=it's ; g=";
    Params params(text);
    const auto is = [&](std::string_view name, std::string_view value) {
        const auto param = params.next();
        ASSERT_TRUE(param);
        EXPECT_EQ(param->name, name);
        EXPECT_EQ(param->value, value);
        EXPECT_EQ(text[param->begin], ';');
    };
    is("a", "x;\\\"y");
    is("b", "c d");
    is("e", "");
    is("f", "it's");
    is("g", "");
    EXPECT_FALSE(params.next());
}

TEST(Params, EndWithTheTextHoweverItEnds) {
    for (const char* text : {"", ";", ";a", ";a=", ";a=\"", ";a=\"\\", ";a='", ";;;", "; = ;"}) {
        Params params(text);
        int count = 0;
        while (params.next()) {
            ASSERT_LT(++count, 10) << text;
        }
    }
    EXPECT_EQ(first_element_end("\"a,b\" <sip:c>,d"), 13U);
    EXPECT_EQ(first_element_end("\"a,b"), 4U);
}

} // namespace
} // namespace pnp
