"use client";

export { default } from "pixmill/next";
