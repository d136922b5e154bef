"""The policy gate: Cedar behind one door. Unknown, invalid or failing means denied."""
